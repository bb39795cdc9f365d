"""What a configuration says about policies, compiled without starting anything: for the commands that look at them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from doorward.config import Config
from doorward.config import Server as ServerSection
from doorward.control.policies.compile import CompiledPolicies, compile_policies
from doorward.control.policies.files import PolicyFiles, directory_of, read_files
from doorward.control.policies.schema import KnownTool
from doorward.control.store.rows import KeptTool
from doorward.core.policy import ToolRule, names
from doorward.core.snapshot import Server, Target


def files_of(config: Config, base_dir: Path, directory: Path | None = None) -> PolicyFiles:
    """The policy files of ``directory``, else those of the configuration. Raises ``InvalidConfiguration``."""
    return read_files(directory if directory is not None else directory_of(config, base_dir))


def compiled(config: Config, files: PolicyFiles, kept: Iterable[KeptTool] = ()) -> CompiledPolicies:
    """Files and the agents' lists, with what the store knows of the tools. Raises ``InvalidConfiguration``."""
    known = [KnownTool(tool.server, tool.tool, tool.input_schema) for tool in kept]
    return compile_policies(files, config.identity.agents, sensitivities(config), known)


def sensitivities(config: Config) -> Mapping[str, Server]:
    """How sensitive the servers and their tools are; nothing else of a server is filled in."""
    return {name: _server(name, section) for name, section in config.servers.items()}


def _server(name: str, section: ServerSection) -> Server:
    rules = tuple(
        ToolRule(glob, names([glob]), mode=tool.mode, sensitivity=tool.sensitivity)
        for glob, tool in section.tools.items()
    )
    return Server(name, Target(), tools=rules, sensitivity=section.sensitivity)

"""The program that the Presidio detector runs: frames in, frames out, and no door to the network.

It may run under an interpreter that has Presidio and not Doorward, and older than ours; so it imports nothing of ours,
and all of Presidio only once the doors are shut.

A frame is four bytes of length (big-endian) and that much JSON. The first one in holds the settings; the first one out
is ``{"ready": VERSION}`` or ``{"error": WHY}``. Then each ``[[text, [context word, ...]], ...]`` is answered with
``{"found": [[index of the text, start, end, entity, score, recognizer], ...]}`` or ``{"error": KIND}``, which never
holds any of the text.
"""

import sys

if __name__ == "__main__" and not sys.flags.isolated:
    del sys.path[0]  # the directory of this file: its neighbours have the names of standard modules

import importlib
import json
import os
import re
import struct
from functools import lru_cache
from typing import IO, Any

MOST_BYTES = 64 << 20
_CACHED_TEXTS, _CACHED_LENGTH = 8192, 200
_SHUT = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg")
_NO_CHILDREN = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn")
_SURROGATES = re.compile("[\ud800-\udfff]")  # spaCy crashes on a lone one

Found = list[tuple[int, int, str, float, str]]


def shut_doors() -> None:
    """From here on nothing in this process looks up a name, connects, or starts a program (a download of a model does).

    An audit hook cannot be taken out again, and it sees these calls however they were imported.
    """

    def refuse(event: str, _: Any) -> None:
        if event in _SHUT or event in _NO_CHILDREN:
            raise PermissionError(f"{event}: not in the Presidio worker")

    sys.addaudithook(refuse)


def read_frame(stream: IO[bytes]) -> Any:
    """The next frame's value, or None at the end. Raises ValueError for one that is too long or cut off."""
    head = stream.read(4)
    if not head:
        return None
    (length,) = struct.unpack(">I", head)
    if length > MOST_BYTES:
        raise ValueError("frame too long")
    body = stream.read(length)
    if len(body) != length:
        raise ValueError("frame cut off")
    return json.loads(body)


def write_frame(stream: IO[bytes], value: Any) -> None:
    body = json.dumps(value).encode()
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


class Analyzer:
    """Presidio's ``AnalyzerEngine``, made as the settings say."""

    def __init__(self, settings: dict[str, Any]) -> None:
        _shut_suffix_list()
        self._engine = _engine(settings["config"])
        for place in settings["recognizers"]:
            self._engine.registry.add_recognizer(_class(place)())
        self._language = settings["language"]
        self._entities = settings["entities"] or None
        self._threshold = settings["threshold"]
        if self._entities:
            unknown = set(self._entities) - set(self._engine.get_supported_entities(self._language))
            if unknown:
                raise ValueError(f"no recognizer finds {', '.join(sorted(unknown))}")
        self.analyze = lru_cache(_CACHED_TEXTS)(self.analyze_anew)
        self.analyze_anew("warm", ())  # the first call loads what is loaded late

    def analyze_anew(self, text: str, context: tuple[str, ...]) -> Found:
        """(start, end, entity, score, recognizer) of each result."""
        results = self._engine.analyze(
            _SURROGATES.sub("\ufffd", text),
            self._language,
            entities=self._entities,
            score_threshold=self._threshold,
            context=list(context),
        )
        return [(r.start, r.end, r.entity_type, float(r.score), _recognizer(r)) for r in results]

    def answer(self, texts: list[tuple[str, list[str]]]) -> list[tuple[int, int, int, str, float, str]]:
        """The results in all texts, each with the index of its text."""
        found = []
        for index, (text, context) in enumerate(texts):
            analyze = self.analyze if len(text) <= _CACHED_LENGTH else self.analyze_anew
            found += [(index, *result) for result in analyze(text, tuple(context))]
        return found


def _engine(config: str) -> Any:
    presidio = importlib.import_module("presidio_analyzer")
    if config:
        yaml = importlib.import_module("yaml")
        with open(config, encoding="utf-8") as file:
            if not isinstance(yaml.safe_load(file), dict):  # Presidio itself would fall back to its own, with a model
                raise ValueError(f"{config} holds no settings")
        return presidio.AnalyzerEngineProvider(analyzer_engine_conf_file=config).create_engine()
    nlp = importlib.import_module("presidio_analyzer.nlp_engine")
    engine = nlp.NoOpNlpEngine([{"lang_code": "en", "model_name": "no_op"}])
    engine.load()
    registry = presidio.RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    return presidio.AnalyzerEngine(registry=registry, nlp_engine=engine)


def _shut_suffix_list() -> None:
    """The e-mail recognizer's list of suffixes comes with its package; it is not fetched and nothing is written."""
    tldextract: Any = importlib.import_module("tldextract")
    offline = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    tldextract.extract = tldextract.tldextract.extract = offline.__call__
    tldextract.tldextract.TLD_EXTRACTOR = offline


def _class(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _recognizer(result: Any) -> str:
    return str((result.recognition_metadata or {}).get("recognizer_name", ""))


def _why(error: BaseException) -> str:
    if isinstance(error, SystemExit):  # spaCy's downloader ends the process
        return "a model that the configuration names is not installed"
    return f"{type(error).__name__}: {error}"


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Until ``requests`` ends. Settings are the operator's, so that what is wrong with them may be told; what is wrong
    with a text is told by its kind only.
    """
    settings = read_frame(requests)
    try:
        analyzer = Analyzer(settings)
        version = importlib.import_module("importlib.metadata").version("presidio-analyzer")
    except BaseException as error:  # noqa: BLE001 - whatever it is, the operator is told, and the process ends
        write_frame(answers, {"error": _why(error)[:1000]})
        return
    write_frame(answers, {"ready": version})
    while (texts := read_frame(requests)) is not None:
        try:
            found = analyzer.answer(texts)
        except Exception as error:  # noqa: BLE001 - other people's code; the message counts as unscanned
            write_frame(answers, {"error": type(error).__name__})
        else:
            write_frame(answers, {"found": found})


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a recognizer prints goes where nobody reads, not between the frames
    shut_doors()
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()

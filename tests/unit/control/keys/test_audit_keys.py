"""The keys that sign checkpoints: one signs, all public halves stay."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tests.at_once import at_once

from doorward.configtypes import InvalidConfiguration
from doorward.control.keys.audit_keys import AuditKeys, Deferred, ephemeral, load, public_keys, read
from doorward.core.errors import JournalFault

DAY = 86400.0
ROTATE = 30 * DAY


def at(directory: Path, days: float) -> AuditKeys:
    return load(directory, rotate=ROTATE, now=days * DAY)


def names(directory: Path) -> list[str]:
    return sorted(name for name in os.listdir(directory) if name != "audit.lock")


def verifies(pem: str, signature: bytes, data: bytes) -> None:
    public = load_pem_public_key(pem.encode())
    assert isinstance(public, Ed25519PublicKey)
    public.verify(signature, data)


def test_first_use_makes_a_private_key_and_its_public_half(tmp_path: Path) -> None:
    made = at(tmp_path / "a" / "k", 0)
    directory = tmp_path / "a" / "k"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert names(directory) == [f"audit-{made.key_id}.key", f"audit-{made.key_id}.pub"]
    assert (directory / f"audit-{made.key_id}.key").stat().st_mode & 0o777 == 0o600
    (pem,) = public_keys(directory)
    assert pem == made.public()
    verifies(pem, made.signer().sign(b"data"), b"data")


def test_the_id_is_the_beginning_of_the_public_key_s_hash(tmp_path: Path) -> None:
    made = at(tmp_path / "k", 0)
    public = load_pem_public_key(made.public().encode())
    assert isinstance(public, Ed25519PublicKey)
    assert made.key_id == hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]
    assert made.signer().key_id == made.key_id


def test_the_file_is_one_line(tmp_path: Path) -> None:
    made = load(tmp_path / "k", rotate=ROTATE, now=5.5, random=lambda size: b"\x01" * size)
    text = (tmp_path / "k" / f"audit-{made.key_id}.key").read_text()
    assert text == "1 5 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"


def test_a_second_load_reads_the_same(tmp_path: Path) -> None:
    made = at(tmp_path / "k", 0)
    assert at(tmp_path / "k", 29) == made
    assert read(tmp_path / "k") == made
    assert len(names(tmp_path / "k")) == 2


def test_rotation_keeps_all_public_keys_and_removes_old_private_ones(tmp_path: Path) -> None:
    first, second = at(tmp_path / "k", 0), at(tmp_path / "k", 30)
    assert second.key_id != first.key_id
    assert read(tmp_path / "k") == second
    assert at(tmp_path / "k", 59) == second
    assert f"audit-{first.key_id}.key" in names(tmp_path / "k")
    third = at(tmp_path / "k", 60)
    private = [name for name in names(tmp_path / "k") if name.endswith(".key")]
    assert private == sorted(f"audit-{made.key_id}.key" for made in (second, third))
    assert public_keys(tmp_path / "k") == [made.public() for made in (first, second, third)]
    verifies(public_keys(tmp_path / "k")[0], first.signer().sign(b"x"), b"x")  # who still holds it may sign on


def test_what_a_removed_key_signed_can_be_verified_even_if_its_public_half_was_lost(tmp_path: Path) -> None:
    first = at(tmp_path / "k", 0)
    at(tmp_path / "k", 30)
    (tmp_path / "k" / f"audit-{first.key_id}.pub").unlink()
    at(tmp_path / "k", 60)
    assert first.public() in public_keys(tmp_path / "k")


def test_a_private_key_whose_end_failed_goes_the_next_time(tmp_path: Path) -> None:
    at(tmp_path / "k", 0)
    doomed = tmp_path / "k" / f"audit-{'0' * 16}.key.gone"
    doomed.write_text("1 0 x\n")
    at(tmp_path / "k", 30)
    assert not doomed.exists()


def test_a_lost_public_half_is_made_again(tmp_path: Path) -> None:
    made = at(tmp_path / "k", 0)
    (tmp_path / "k" / f"audit-{made.key_id}.pub").unlink()
    assert public_keys(tmp_path / "k") == []
    at(tmp_path / "k", 1)
    assert public_keys(tmp_path / "k") == [made.public()]


def test_many_at_once_agree(tmp_path: Path) -> None:
    found = at_once(lambda: at(tmp_path / "k", 0))
    assert all(keys == found[0] for keys in found)
    assert len(names(tmp_path / "k")) == 2


def test_processes_agree(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from doorward.control.keys.audit_keys import load\n"
        "print(load(Path(sys.argv[1]), rotate=1e9, now=0).key_id)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "k")], stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert len({process.communicate(timeout=60)[0] for process in running}) == 1
    assert len(names(tmp_path / "k")) == 2


def test_reading_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="cannot be read"):
        read(tmp_path / "k")
    assert not (tmp_path / "k").exists()
    (tmp_path / "k").mkdir(mode=0o700)
    with pytest.raises(InvalidConfiguration, match="holds no key to sign the log with"):
        read(tmp_path / "k")
    assert os.listdir(tmp_path / "k") == []
    assert public_keys(tmp_path / "k") == public_keys(tmp_path / "nowhere") == []


def test_a_directory_that_cannot_be_written_to_will_do_until_a_key_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = at(tmp_path / "k", 0)

    def fails(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("doorward.control.keys.key_files.locked", fails)
    assert at(tmp_path / "k", 29) == made
    with pytest.raises(InvalidConfiguration, match="cannot be used: Read-only file system"):
        at(tmp_path / "k", 30)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    made = at(tmp_path / "k", 0)
    (tmp_path / "k" / f"audit-{made.key_id}.key").chmod(mode)
    for attempt in (lambda: at(tmp_path / "k", 1), lambda: read(tmp_path / "k")):
        with pytest.raises(InvalidConfiguration, match="can be read by others"):
            attempt()


def test_anybody_may_read_a_public_key(tmp_path: Path) -> None:
    made = at(tmp_path / "k", 0)
    (tmp_path / "k" / f"audit-{made.key_id}.pub").chmod(0o644)
    assert public_keys(tmp_path / "k") == [made.public()]


def test_a_damaged_private_key_is_refused_and_kept(tmp_path: Path) -> None:
    made = at(tmp_path / "k", 0)
    (tmp_path / "k" / f"audit-{made.key_id}.key").write_text("1 0 AAAA\n")
    with pytest.raises(InvalidConfiguration, match="is damaged"):
        at(tmp_path / "k", 1)
    assert (tmp_path / "k" / f"audit-{made.key_id}.key").read_text() == "1 0 AAAA\n"


@pytest.mark.parametrize("change", ["", "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n", "other"])
def test_a_public_key_that_is_not_what_its_name_says_is_refused(tmp_path: Path, change: str) -> None:
    made = at(tmp_path / "k", 0)
    text = ephemeral().public() if change == "other" else change
    (tmp_path / "k" / f"audit-{made.key_id}.pub").write_text(text)
    with pytest.raises(InvalidConfiguration, match="is damaged"):
        public_keys(tmp_path / "k")


def test_a_key_under_another_s_name_signs_nothing() -> None:
    signer = AuditKeys("0" * 16, 0, b"\x01" * 32).signer()
    with pytest.raises(JournalFault, match="holds another key"):
        signer.sign(b"data")


def test_keys_are_not_printed(tmp_path: Path) -> None:
    made = at(tmp_path / "k", 0)
    assert repr(made) == f"AuditKeys({made.key_id})"
    assert ephemeral() != ephemeral()


def test_a_deferred_signer_makes_its_key_when_it_is_needed(tmp_path: Path) -> None:
    signer = Deferred(tmp_path / "k", rotate=ROTATE, now=0)
    assert not (tmp_path / "k").exists()
    signature = signer.sign(b"data")
    assert signer.key_id == read(tmp_path / "k").key_id
    verifies(public_keys(tmp_path / "k")[0], signature, b"data")


def test_a_deferred_signer_without_a_directory_is_a_fault_of_the_journal(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("")
    signer = Deferred(tmp_path / "k", rotate=ROTATE, now=0)
    with pytest.raises(JournalFault, match="no key to sign the log with"):
        signer.sign(b"data")
    with pytest.raises(JournalFault, match="no key to sign the log with"):
        _ = signer.key_id


def test_who_finds_its_key_does_not_wait_for_cryptography(tmp_path: Path) -> None:
    at(tmp_path / "k", 0)
    script = (
        "import sys; from pathlib import Path; from doorward.control.keys.audit_keys import load, read\n"
        "load(Path(sys.argv[1]), rotate=1e9, now=0).signer(); read(Path(sys.argv[1])).signer()\n"
        "print('cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "k")], capture_output=True, timeout=60)
    assert done.stdout == b"False\n", done.stderr

"""Which kind of file system a path is on, where the system says so."""

import re
from pathlib import Path
from typing import Final

REMOTE: Final = frozenset(
    {"afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre"}
    | {"ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)
LOSABLE: Final = frozenset({"overlay", "ramfs", "tmpfs"})

_MOUNTS: Final = Path("/proc/self/mountinfo")


def kind_of(path: Path, mounts: Path | None = None) -> str | None:
    """The kind, such as ``ext4`` or ``nfs4``; None where the system keeps no list of mounts."""
    try:
        lines = (mounts or _MOUNTS).read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    resolved = path.resolve()
    best, kind = -1, None
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), before.split(" ")[4]))
        if resolved.is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), after.split(" ")[0]
    return kind

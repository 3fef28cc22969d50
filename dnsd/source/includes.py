"""The directory that ``!include`` may read, and nothing outside it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from dnsd.source.problems import quoted

MAX_INCLUDE_DEPTH = 8  # files inside each other; Unbound allows 10


class IncludeRefused(Exception):  # noqa: N818 - becomes a Problem where the file is named
    """A file may not be included, or cannot be read.

    Attributes:
        id: of the problem.
        reason: one clause in lower case.
        expected: what is accepted.
    """

    def __init__(self, problem_id: str, reason: str, expected: str = "") -> None:
        super().__init__(reason)
        self.id = problem_id
        self.reason = reason
        self.expected = expected


class Directory:
    """Read files below one directory, symbolic links resolved before the check."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._resolved = root.resolve()

    def read(self, text: str, from_file: str, max_octets: int) -> tuple[bytes, str]:
        """Read the file that a line names.

        Args:
            text: as written, relative to the directory of the file that says it.
            from_file: that file, as an earlier call or the caller named it.
            max_octets: what may still be read.

        Returns:
            The octets, and the file's name for reports and for ``from_file``.

        Raises:
            IncludeRefused: outside the directory, not a plain file, too big,
                or the system refuses.
        """
        if text.startswith("~") or PurePosixPath(text).is_absolute() or "\0" in text or not text:
            raise IncludeRefused(
                "include-outside",
                f"{quoted(text)} is not a relative path",
                "a path below the zone directory",
            )
        try:
            target = (Path(from_file).parent / text).resolve()
            if not target.is_relative_to(self._resolved):
                raise IncludeRefused(
                    "include-outside",
                    f"{quoted(text)} leads out of {str(self._root)!r}",
                    "a path below the zone directory, symbolic links included",
                )
            if target.exists() and not target.is_file():
                raise IncludeRefused("include-unreadable", f"{quoted(text)} is not a plain file")
            size = target.stat().st_size
            if size > max_octets:
                raise IncludeRefused(
                    "yaml-size",
                    f"{quoted(text)} has {size} octets",
                    f"at most {max_octets} more in this zone",
                )
            with target.open("rb") as file:
                # One octet more than allowed: the file may have grown since.
                octets = file.read(max_octets + 1)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symbolic links
            reason = error.strerror if isinstance(error, OSError) else "a loop of symbolic links"
            raise IncludeRefused("include-unreadable", f"{quoted(text)}: {reason}") from None
        return octets, str(self._root / target.relative_to(self._resolved))

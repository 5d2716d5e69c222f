"""Kernels kept on disk: what is damaged there is compiled and written anew, and what cannot be written is done without.

Numba keeps them beside the source, else in the user's cache, in an index and a data file per kernel. It reads what it
finds in good faith, so that a file cut short would stop every process to come, and one altered byte might end it.
"""

import logging
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

_HASH = sha256().digest_size


class _HashedFile(IndexDataCacheFile):
    """Data files that end with the SHA-256 of what is before: numba, which reads them, passes over what follows."""

    def _save_data(self, name: str, data: object) -> None:
        content = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(content + sha256(content).digest())

    def _load_data(self, name: str) -> Any:
        whole = Path(self._data_path(name)).read_bytes()
        if sha256(whole[:-_HASH]).digest() != whole[-_HASH:]:
            raise ValueError(f"{name} is damaged")
        return super()._load_data(name)


class KernelCache(FunctionCache):
    """The cache of one kernel.

    Args:
        function: The kernel's source.

    Raises:
        RuntimeError: There is no folder to keep anything in.
    """

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        file = self._cache_file
        self._cache_file = _HashedFile.__new__(_HashedFile)
        self._cache_file.__dict__.update(vars(file))

    def holds_any(self) -> bool:
        """Whether there is a compiled kernel, for this source and this version of numba."""
        try:
            return bool(self._cache_file._load_index())
        except Exception:  # whatever a damaged file makes of itself
            return False

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel of a signature; ``None`` where there is none, or none that can be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # whatever a damaged file makes of itself
            logging.getLogger(__name__).warning("the kernel cache in %s is made anew: %s", self.cache_path, error)
            self._without_errors(self.flush)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled kernel, if that is possible."""
        save = super().save_overload
        self._without_errors(lambda: save(sig, data))

    def _without_errors(self, write: Any) -> None:
        """Write; a full disk or another user's folder must not cost what has been compiled."""
        try:
            write()
        except Exception as error:
            logging.getLogger(__name__).warning("no kernel is kept in %s: %s", self.cache_path, error)
            self.disable()

"""The stages: a commit is fetched, built, installed, set up and run, each cached by a hash.

Standard library only, Python >= 3.8. On a node pm runs it as a child process; on somebody's own
machine `enve fire` does. It never sees YAML: profiles come rendered, as strict JSON.

`from enve_fire import cache_build`: the store in one call, see `app.cachebuild`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.app.cachebuild import cache_build as cache_build
else:

    def __getattr__(name):
        """Loaded by whoever asks for it: no other command pays for it."""
        if name != "cache_build":
            raise AttributeError(name)
        from enve_fire.app.cachebuild import cache_build

        return cache_build

"""Tools of the standard library without the modules around them that the resident program has no
use for: `collections` and `operator` would cost it more than half a megabyte, and a `namedtuple` of
theirs twice as much as one of ours. (`_heapq`, `_struct` and `_json`, which are files of their own
on some systems, are imported where they are used.)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque, namedtuple
    from operator import attrgetter
else:
    try:
        from _collections import _tuplegetter, deque
        from _operator import attrgetter
    except ImportError:  # another Python than CPython
        from collections import deque
        from operator import attrgetter, itemgetter

        def _tuplegetter(index, doc):
            return property(itemgetter(index), doc=doc)

    class _Named(tuple):
        """What all named tuples share."""

        __slots__ = ()
        _fields = ()

        @classmethod
        def _make(cls, values):
            return tuple.__new__(cls, values)

        def _asdict(self):
            return dict(zip(self._fields, self))  # noqa: B905  (not in Python 3.8)

        def _replace(self, **changes):
            known = {**self._asdict(), **changes}
            if len(known) > len(self):
                raise ValueError("no such fields: %s" % sorted(changes))
            return tuple.__new__(type(self), known.values())

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            pairs = ["%s=%r" % pair for pair in self._asdict().items()]
            return "%s(%s)" % (type(self).__name__, ", ".join(pairs))

    def namedtuple(name, fields, defaults=()):
        """As `collections` makes it."""
        names = tuple(fields.replace(",", " ").split() if isinstance(fields, str) else fields)
        words = ", ".join(names)
        new = eval(  # noqa: S307  (the fields are ours)
            f"lambda _cls, {words}: _new(_cls, ({words},))", {"_new": tuple.__new__}
        )
        new.__name__ = new.__qualname__ = "__new__"
        new.__defaults__ = tuple(defaults)
        space = {"__slots__": (), "_fields": names, "__new__": new}
        space.update((field, _tuplegetter(at, None)) for at, field in enumerate(names))
        return type(name, (_Named,), space)


__all__ = ["attrgetter", "deque", "namedtuple"]

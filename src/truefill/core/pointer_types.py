"""Objects as one address in compiled code: their Numba types, and how an address becomes one."""

from collections.abc import Sequence
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import (
    NativeValue,
    intrinsic,
    make_attribute_wrapper,
    models,
    register_model,
    typeof_impl,
    unbox,
)

from truefill.core.jit import kernel_hash

_ADDRESS = "_p"


def pointer_type(name: str, module: str, more: Sequence[tuple[str, Any]] = ()) -> Any:
    """A Numba type that is one address, readable as ``_address``, and what `more` names beside it.

    Parameters
    ----------
    name : str
        Of the class. The type is to be called ``<name>Type`` in its module, where Numba's cache looks for it.
    module : str
        The caller's ``__name__``.
    more : sequence of (str, type)
        Further fields, readable with an underscore before their name.

    Returns
    -------
    type
        The kernel hash in its instances' name makes the caches of users' own functions honest.
    """
    full = f"{module.rpartition('.')[0]}.{name}_{kernel_hash()}"

    class PointerType(types.Type):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name=full)

    PointerType.__name__ = PointerType.__qualname__ = f"{name}Type"
    PointerType.__module__ = module

    @register_model(PointerType)
    class Model(models.StructModel):  # type: ignore[misc]
        def __init__(self, manager: Any, fe_type: Any) -> None:
            super().__init__(manager, fe_type, [("address", types.int64), *more])

    for field in ("address", *(field for field, _ in more)):
        make_attribute_wrapper(PointerType, field, f"_{field}")
    return PointerType


def passes_as(python_class: type, compiled: Any) -> None:
    """Let objects of a class, whose ``_p`` is an address, be arguments of compiled functions.

    Parameters
    ----------
    python_class : type
    compiled : type
        A `pointer_type` without further fields.
    """

    @typeof_impl.register(python_class)
    def typeof(value: Any, context: Any) -> Any:
        return compiled()

    @unbox(compiled)
    def unbox_pointer(typ: Any, obj: Any, context: Any) -> NativeValue:
        attribute = context.pyapi.object_getattr_string(obj, _ADDRESS)
        native = context.unbox(types.int64, attribute)
        context.pyapi.decref(attribute)
        struct = cgutils.create_struct_proxy(typ)(context.context, context.builder)
        struct.address = native.value
        return NativeValue(struct._getvalue(), is_error=native.is_error)


def pointer_maker(compiled: Any) -> Any:
    """A compiled function that makes an object of a `pointer_type` from an address."""
    made = compiled()

    @intrinsic
    def make(typingctx, address):
        def codegen(context, builder, sig, args):
            struct = cgutils.create_struct_proxy(made)(context, builder)
            struct.address = context.cast(builder, args[0], sig.args[0], types.int64)
            return struct._getvalue()

        return made(address), codegen

    return make

"""The `auth` argument of HTTP calls: its shape, and which URLs may get a token (language.md, section 7).

Pure checks on the URL object that will be sent; minting tokens is the runtime's part.
"""

from typing import Any, Final

from stepward.stdlib import http_url
from stepward.values import errors, model

_KEYS: Final = {"OIDC": frozenset({"type", "audience"}), "OAuth2": frozenset({"type", "scope", "scopes"})}
_GOOGLE: Final = ".googleapis.com"


def checked(function: str, given: model.Map, url: http_url.Url, url_as_written: str) -> dict[str, Any]:
    """Return *given* without nulls, and with the audience that an ID token for this call has.

    Raises ValueError if the map is not of the documented shape, or *url* may not get such a token.
    """
    auth: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    kind = auth.get("type")
    if type(kind) is not str or kind not in _KEYS:
        raise errors.value_error(f"{function}: auth.type must be 'OIDC' or 'OAuth2'")
    unknown = sorted(auth.keys() - _KEYS[kind])
    if unknown:
        raise errors.value_error(f"{function}: auth of type {kind} has no key '{unknown[0][:100]}'")
    if url.scheme != "https":
        raise errors.value_error(f"{function}: auth of type {kind} needs an https URL")
    if kind == "OIDC":
        _check_audience(function, auth.setdefault("audience", url_as_written))
    else:
        _check_scopes(function, auth)
        _check_google(function, url)
    return auth


def _check_audience(function: str, audience: Any) -> None:
    if type(audience) is not str or not audience:
        raise errors.value_error(f"{function}: auth.audience must be a string that is not empty")


def _check_scopes(function: str, auth: dict[str, Any]) -> None:
    if "scope" in auth and "scopes" in auth:
        raise errors.value_error(f"{function}: auth takes either 'scope' or 'scopes', not both")
    for key in auth.keys() & {"scope", "scopes"}:
        scopes = auth[key]
        if type(scopes) is model.List and scopes:
            if all(type(scope) is str and scope for scope in scopes):
                continue
        elif type(scopes) is str and scopes.strip(" ,"):
            continue
        raise errors.value_error(f"{function}: auth.{key} must be a string or a list of strings")


def _check_google(function: str, url: http_url.Url) -> None:
    """Refuse access tokens to anybody but Google: they are not bound to a receiver."""
    name = url.host.removesuffix(_GOOGLE)
    if name == url.host or not name or "_" in name or url.port != http_url.DEFAULT_PORTS["https"]:
        raise errors.value_error(
            f"{function}: auth of type OAuth2 is only sent to hosts under {_GOOGLE} on port 443; "
            f"got: {url.authority}"
        )

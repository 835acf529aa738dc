"""Sign-in, roles, CSRF tokens and security headers."""

import re
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from panel.app import application, page_routes
from panel.auth import Access, Role, access_of, parse_tokens
from panel.oidc import Oidc
from tests.panel.state import client, csrf, panel_databases

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {role: f"{role}-secret-of-24-characters" for role in ("viewer", "moderator", "operator")}
TOKENS = ",".join(f"{role}:{role}:{secret}" for role, secret in SECRETS.items())
READS = [route for route in page_routes() if "GET" in route.methods]
CHANGES = [route for route in page_routes() if "POST" in route.methods]
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def db(uri):
    with panel_databases(uri) as databases:
        yield databases


@pytest.fixture
def access():
    return Access(parse_tokens(TOKENS))


@pytest.fixture
def outside(db, access):
    with client(db, access) as browser:
        yield browser


def sign_in(browser, role, next_page="/"):
    token = csrf(browser.get("/sign-in").text)
    return browser.post("/sign-in", data={"csrf": token, "token": SECRETS[role], "next": next_page})


def address(route):
    return route.path.replace("{key}", "contentStats").replace("{account}", "global").replace("{slug}", "tea")


def test_nobody_sees_a_page_without_signing_in(outside):
    answers = {route.path: outside.get(address(route)) for route in READS}

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 303)
    assert {answer.headers["location"].split("?")[0] for answer in answers.values()} == {"/sign-in"}


def test_nobody_changes_anything_without_signing_in(outside):
    answers = {route.path: outside.post(address(route)).status_code for route in CHANGES}

    assert answers == dict.fromkeys(answers, 401)


def test_there_are_pages_to_see_and_pages_to_change():
    assert {"/", "/models", "/suspects", "/settings"} <= {route.path for route in READS}
    assert {"/actions/stop", "/settings", "/suspects/{case}/verdict"} <= {route.path for route in CHANGES}


def test_sign_in_redirects_to_the_requested_page(outside):
    answer = sign_in(outside, "viewer", "/models?page=1")

    assert (answer.status_code, answer.headers["location"]) == (303, "/models?page=1")
    assert "viewer · viewer" in outside.get("/").text


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_sign_in_never_redirects_to_another_site(outside, address):
    assert sign_in(outside, "viewer", address).headers["location"] == "/"


def test_a_wrong_token_is_refused_with_a_message(outside):
    token = csrf(outside.get("/sign-in").text)

    answer = outside.post("/sign-in", data={"csrf": token, "token": "wrong", "next": "/"})

    assert answer.status_code == 401
    assert "This token is not valid" in answer.text
    assert outside.get("/").status_code == 303


def test_sign_out_ends_the_session(outside):
    sign_in(outside, "operator")
    token = csrf(outside.get("/").text)

    outside.post("/sign-out", data={"csrf": token})

    assert outside.get("/").status_code == 303


def test_a_changed_token_ends_its_sessions(db):
    with client(db, Access(parse_tokens(TOKENS), secret="s" * 32)) as before:
        sign_in(before, "operator")
        cookie = before.cookies
        other = TOKENS.replace("operator-secret", "renewed-secret!")
        with client(db, Access(parse_tokens(other), secret="s" * 32)) as after:
            after.cookies = cookie
            assert after.get("/").status_code == 303


def test_a_viewer_cannot_change_anything(outside):
    sign_in(outside, "viewer")
    token = csrf(outside.get("/").text)

    answers = [outside.post(address(route), data={"csrf": token}) for route in CHANGES]

    assert [answer.status_code for answer in answers] == [403] * len(CHANGES)
    assert ["This requires the role" in answer.text for answer in answers] == [True] * len(CHANGES)


def test_changes_require_the_csrf_token(outside, db):
    sign_in(outside, "operator")

    without = [outside.post(address(route)).status_code for route in CHANGES]
    guessed = [outside.post(address(route), data={"csrf": "guessed"}).status_code for route in CHANGES]

    assert without == guessed == [403] * len(CHANGES)
    assert db.analytics.audit.count_documents({}) == 0


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing", "/static/panel.css"])
def test_every_answer_allows_only_our_own_scripts(outside, path):
    headers = outside.get(path).headers

    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in headers["content-security-policy"]
    assert "max-age" in headers["strict-transport-security"]


def test_a_failed_page_has_the_security_headers_and_no_traceback(db, monkeypatch):
    monkeypatch.setattr("panel.pages.now.last_runs", None)
    with client(db) as browser:
        browser._transport.raise_server_exceptions = False
        answer = browser.get("/")

    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(outside):
    cookie = outside.get("/sign-in").headers["set-cookie"].lower()

    assert cookie.startswith("__host-feedpulse=")
    assert all(word in cookie for word in ("httponly", "samesite=lax", "secure", "path=/"))


def test_addresses_have_no_scheme_so_they_work_behind_a_proxy(outside):
    answer = outside.get("/models", headers={"x-forwarded-proto": "https"})
    page = outside.get("/sign-in").text

    assert answer.headers["location"] == "/sign-in?next=%2Fmodels"
    assert "http://" not in page
    assert "https://" not in page


def test_an_open_panel_answers_only_to_host_names_of_this_machine(db):
    with client(db) as browser:
        assert browser.get("/", headers={"host": "evil.example"}).status_code == 400
        assert browser.get("/", headers={"host": "localhost:8780"}).status_code == 200


def test_pages_contain_no_inline_scripts_or_styles(outside):
    sign_in(outside, "operator")
    page = outside.get("/").text

    assert page.count("<script") == len(re.findall(r"<script[^>]* src=", page)) > 0
    assert "style=" not in page
    assert " onclick" not in page


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ("ann", "name:role:secret"),
        ("ann:viewer:short", "shorter than 24"),
        ("ann:boss:" + "x" * 24, "not viewer, moderator or operator"),
        (f"a:viewer:{'x' * 24},b:operator:{'x' * 24}", "same secret"),
        ("", "nobody could sign in"),
    ],
)
def test_wrong_tokens_are_refused_without_showing_the_secret(tokens, message):
    with pytest.raises(ValueError, match=message) as refused:
        access_of(lambda name: tokens if name == "PANEL_TOKENS" else "")

    assert "x" * 24 not in str(refused.value)


def test_repr_contains_no_secret(access):
    assert not any(secret in repr(access) for secret in SECRETS.values())


def test_an_endpoint_without_a_role_is_not_served(monkeypatch):
    monkeypatch.setattr("panel.pages.now.ROUTES", [type("Bare", (), {"path": "/bare", "endpoint": print})()])

    with pytest.raises(ValueError, match="/bare: the endpoint has no role"):
        list(page_routes())


class Keys:
    """Keys of an identity provider."""

    def get_signing_key_from_jwt(self, token):
        return KEY.public_key()


def signed(key=KEY, algorithm="RS256", **claims):
    standard = {
        "iss": "https://id.example",
        "aud": "panel",
        "sub": "1",
        "exp": time.time() + 60,
        "roles": ["moderator"],
    }
    return jwt.encode(standard | claims, key, algorithm)


def answer_to(db, token):
    oidc = Oidc("https://id.example", "panel", Keys(), header="X-Token")
    with client(db, Access(oidc=oidc)) as browser:
        return browser.get("/", headers={"X-Token": token})


def test_a_proxys_token_signs_in_with_its_role(db):
    answer = answer_to(db, signed(email="mo@example.org", roles=["staff", "moderator"]))

    assert answer.status_code == 200
    assert "mo@example.org · moderator" in answer.text


@pytest.mark.parametrize(
    "token",
    [
        lambda: signed(exp=time.time() - 60),
        lambda: signed(aud="another"),
        lambda: signed(iss="https://evil.example"),
        lambda: signed(roles=["staff"]),
        lambda: signed(key=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        lambda: signed(key="a" * 32, algorithm="HS256"),
        lambda: jwt.encode({"sub": "1", "roles": ["operator"]}, "", "none"),
        lambda: "no token",
    ],
    ids=["old", "audience", "issuer", "role", "key", "symmetric", "unsigned", "nonsense"],
)
def test_an_invalid_proxy_token_is_refused(db, token):
    assert answer_to(db, token()).status_code == 303


def test_roles_are_ordered():
    assert Role.VIEWER < Role.MODERATOR < Role.OPERATOR


def test_the_function_url_serves_the_same_application(db, monkeypatch):
    from panel import function

    function._panel.cache_clear()
    monkeypatch.setenv("PANEL_TOKENS", TOKENS)
    event = {
        "version": "2.0",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"host": "x.lambda-url.example"},
        "requestContext": {"http": {"method": "GET", "path": "/", "sourceIp": "192.0.2.1", "protocol": "HTTP/1.1"}},
        "isBase64Encoded": False,
    }

    answer = function.handler(event, None)
    function._panel.cache_clear()

    assert answer["statusCode"] == 303
    assert "/sign-in" in answer["headers"]["location"]


def test_the_panel_invokes_functions_of_its_own_deployment(monkeypatch):
    from panel import function

    calls = []
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "feedpulse-dev-panel")
    monkeypatch.setattr(
        "boto3.client", lambda name: type("Aws", (), {"invoke": lambda self, **call: calls.append(call)})()
    )

    function.start_function("contentStats", {"time": "2026-01-01T00:00:00+00:00"})

    assert calls[0]["FunctionName"] == "feedpulse-dev-contentStats"
    assert calls[0]["InvocationType"] == "Event"


def test_the_command_requires_sign_in_for_other_machines(db):
    from ops.commands.panel import serve

    with pytest.raises(ValueError, match="nobody could sign in"):
        serve(host="0.0.0.0")


def test_the_application_starts_without_the_database(access):
    from store.client import connect

    nowhere = connect("mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=1)
    assert application(nowhere, access).routes
    nowhere.client.close()


def test_an_unreachable_database_has_its_own_message():
    from store.client import connect

    nowhere = connect("mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=20)
    with client(nowhere) as browser:
        browser._transport.raise_server_exceptions = False
        answer = browser.get("/")
    nowhere.client.close()

    assert answer.status_code == 503
    assert "The database does not answer" in answer.text


def test_the_panels_function_imports_no_libraries_of_commands():
    code = "import sys, panel.function; print({'typer', 'rich', 'uvicorn', 'xgboost', 'sklearn'} & set(sys.modules))"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert result.stdout.strip() == "set()"


def test_static_files_are_cached_forever_only_in_their_current_version(outside):
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', outside.get("/sign-in").text)

    policies = [outside.get(path).headers["cache-control"] for path in addresses]
    others = [outside.get(path.split("?")[0] + end) for path in addresses for end in ("", "?v=0123456789ab")]

    assert len(addresses) >= 5
    assert set(policies) == {"public, max-age=31536000, immutable"}
    assert {answer.headers["cache-control"] for answer in others} == {"no-cache"}
    assert {answer.status_code for answer in others} == {200}
    assert outside.get("/static/nothing.css?v=0123456789ab").status_code == 404


def test_nothing_of_the_session_before_sign_in_is_left_after_it(outside):
    before = csrf(outside.get("/sign-in").text)

    sign_in(outside, "operator")

    after = csrf(outside.get("/").text)
    assert after != before
    assert outside.post("/sign-out", data={"csrf": before}).status_code == 403
    assert outside.get("/").status_code == 200


def test_signing_in_replaces_the_person_who_was_signed_in(outside):
    sign_in(outside, "operator")
    token = csrf(outside.get("/").text)

    outside.post("/sign-in", data={"csrf": token, "token": SECRETS["viewer"], "next": "/"})

    assert "viewer · viewer" in outside.get("/").text
    assert outside.post("/sign-out", data={"csrf": token}).status_code == 403


def test_a_wrong_token_signs_nobody_out(outside):
    sign_in(outside, "viewer")
    token = csrf(outside.get("/").text)

    outside.post("/sign-in", data={"csrf": token, "token": "wrong", "next": "/"})

    assert outside.get("/").status_code == 200


def test_sign_in_and_sign_out_need_the_forms_token(outside):
    entering = outside.post("/sign-in", data={"token": SECRETS["viewer"], "next": "/"})
    sign_in(outside, "viewer")
    leaving = outside.post("/sign-out", data={"csrf": "guessed"})

    assert (entering.status_code, leaving.status_code) == (403, 403)
    assert outside.get("/").status_code == 200


def test_the_forms_token_may_come_as_a_header(outside):
    sign_in(outside, "viewer")
    token = csrf(outside.get("/").text)

    refused = outside.post("/sign-out", headers={"X-CSRF-Token": "guessed"})
    accepted = outside.post("/sign-out", headers={"X-CSRF-Token": token})

    assert (refused.status_code, accepted.status_code) == (403, 303)


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("viewer", {"/": 200, "/feeds": 200, "/feeds/members": 403}),
        ("moderator", {"/": 200, "/feeds": 200, "/feeds/members": 200}),
        ("operator", {"/": 200, "/feeds": 200, "/feeds/members": 200}),
    ],
)
def test_a_role_sees_what_it_or_a_lower_one_may_see(outside, role, status):
    sign_in(outside, role)

    assert {path: outside.get(path).status_code for path in status} == status


def test_a_secret_has_twenty_four_characters_or_more():
    (token,) = parse_tokens(f"ann:viewer:{'x' * 24}")

    assert token.secret == "x" * 24
    with pytest.raises(ValueError, match="the secret of ann is shorter than 24"):
        parse_tokens(f"ann:viewer:{'x' * 23}")


def secret_of(**settings):
    return access_of(lambda name: settings.get(name, "")).secret


def test_the_session_is_signed_by_the_setting_or_else_by_the_tokens():
    tokens, others = TOKENS, TOKENS.replace("viewer-secret", "renewed-token")

    assert secret_of(PANEL_TOKENS=tokens, PANEL_SECRET="s" * 32) == "s" * 32
    assert secret_of(PANEL_TOKENS=tokens) == secret_of(PANEL_TOKENS=tokens)
    assert secret_of(PANEL_TOKENS=tokens) != secret_of(PANEL_TOKENS=others)

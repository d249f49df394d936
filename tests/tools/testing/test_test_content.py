"""What tests say is read from their source, with what they use, and without docstrings and conditions."""

from __future__ import annotations

from tools.testing.test_content import content_of

SUPPORT = '''
def refused(response, status, field=None):
    """409 is no status that a test asserts."""
    if status == 401:
        return
    assert response.status_code == status

def accepted(response, status=200):
    assert response.status_code == status
'''
TESTS = '''
PATHS = ["/orders/unknown", 1.5]

def test_first(api):
    """GET /docstring is 418."""
    refused(api.post(f"/orders/{made['id']}/pay", {"total": 400}), 422)
    accepted(api.get("/orders?status=paid"))
    assert api.send("DELETE", "/orders/" + str(1)).status_code in (HTTPStatus.NO_CONTENT, status.HTTP_404_NOT_FOUND)
    assert made["total"] == 500 and PATHS

class TestSecond:
    def test_other(self, client):
        assert client.put("/elsewhere").status_code == 410
'''
SOURCES = {
    "tests/support.py": SUPPORT,
    "tests/test_a.py": TESTS,
    "tests/broken.py": "def (",
    "tests/test.py": "x = 1",
}


def test_a_test_is_read_with_its_helpers() -> None:
    found = content_of(SOURCES, ["tests/test_a.py::test_first[1]"])
    assert found.requests == {
        ("POST", "/orders/{}/pay"), ("GET", "/orders?status=paid"), ("DELETE", "/orders/{}"),
    }  # fmt: skip
    assert found.statuses == {200, 204, 404, 422}
    assert {"/orders/unknown", "1.5", "400", "500"} <= found.texts
    assert not any("418" in each or "409" in each for each in found.texts)


def test_a_method_of_a_class_is_a_test_too() -> None:
    found = content_of(SOURCES, ["tests/test_a.py::TestSecond::test_other"])
    assert (found.requests, found.statuses) == ({("PUT", "/elsewhere")}, {410})


def test_all_files_are_read_where_no_test_is_named() -> None:
    script = {"web/order.test.js": "expect(await get(`/orders/${id}`)).toBe(404); client.delete('/x')"}
    found = content_of(SOURCES | script, [])
    assert {404, 410, 422} <= found.statuses
    assert ("DELETE", "/orders/{}") in found.requests

"""What Gatehouse connects to of its own: every trick to send it elsewhere is refused."""

from __future__ import annotations

import socket
from ipaddress import ip_network

import pytest

from portal.core.outbound import AddressRefused, SafeAddress, check_address

HTTP = {"http", "https"}
RTSP = {"rtsp", "rtsps"}
SECRET = "hunter2"


@pytest.fixture(autouse=True)
def names(monkeypatch):
    """What the name server answers; everything else it does not know. Counts the questions."""
    known = {
        "camera.example": ["192.0.2.10"],
        "xn--kamera-tr-x9a.example": ["192.0.2.11"],
        "six.example": ["2001:db8::7"],
        "both.example": ["2001:db8::7", "192.0.2.10"],
        "localhost": ["127.0.0.1", "::1"],
        "inside.example": ["127.0.0.1"],
        "rebinding.example": ["192.0.2.10", "127.0.0.1"],
        "rebinding-six.example": ["192.0.2.10", "::1"],
        "zoned.example": ["fe80::1%eth0"],
        "mapped.example": ["::ffff:127.0.0.1"],
        "cloud.example": ["169.254.169.254"],
        "metadata.google.internal": ["10.0.0.1"],
        "metadata": ["10.0.0.1"],
        "nobody.example": [],
        "evil": ["127.0.0.1"],
    }
    asked: list[str] = []

    def getaddrinfo(host, port, *args, **kwargs):
        asked.append(host)
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    known["asked"] = asked
    return known


GOOD = [
    ("http://camera.example/snap.jpg", "192.0.2.10", 80, "/snap.jpg"),
    ("https://camera.example", "192.0.2.10", 443, "/"),
    ("HTTP://CAMERA.Example:8080/x?a=1&b=2", "192.0.2.10", 8080, "/x?a=1&b=2"),
    ("http://camera.example?channel=1", "192.0.2.10", 80, "/?channel=1"),
    ("http://camera.example./", "192.0.2.10", 80, "/"),
    ("http://kamera-tür.example/", "192.0.2.11", 80, "/"),
    ("http://six.example/", "2001:db8::7", 80, "/"),
    ("http://both.example/", "192.0.2.10", 80, "/"),
    ("http://192.168.1.64/", "192.168.1.64", 80, "/"),
    ("http://10.1.2.3:81/", "10.1.2.3", 81, "/"),
    ("http://172.16.0.9/", "172.16.0.9", 80, "/"),
    ("http://100.64.0.9/", "100.64.0.9", 80, "/"),
    ("http://[fd12:3456::1]:8080/", "fd12:3456::1", 8080, "/"),
    ("http://[::ffff:192.168.1.64]/", "192.168.1.64", 80, "/"),
    ("  http://camera.example/ ", "192.0.2.10", 80, "/"),
    ("http://camera.example/größe", "192.0.2.10", 80, "/gr%C3%B6%C3%9Fe"),
]


@pytest.mark.parametrize(("url", "ip", "port", "path"), GOOD)
def test_an_address_of_a_camera_is_taken_apart(url, ip, port, path):
    found = check_address(url, schemes=HTTP)
    assert (found.ip, found.port, found.path) == (ip, port, path)


def test_the_usual_ports_of_streams():
    assert check_address("rtsp://camera.example/1", schemes=RTSP).port == 554
    assert check_address("rtsps://camera.example/1", schemes=RTSP).port == 322


HOSTILE = [
    # Other schemes.
    ("", "address.empty"),
    ("file:///etc/passwd", "address.scheme"),
    ("file:/etc/passwd", "address.scheme"),
    ("FILE:///etc/passwd", "address.scheme"),
    ("/etc/passwd", "address.scheme"),
    ("concat:/etc/passwd|/etc/hosts", "address.scheme"),
    ("concat:http://camera.example/a|file:///etc/passwd", "address.scheme"),
    ("subfile,,start,0,end,9,,:/etc/passwd", "address.scheme"),
    ("pipe:0", "address.scheme"),
    ("data:image/jpeg;base64,AAAA", "address.scheme"),
    ("gopher://camera.example/", "address.scheme"),
    ("ftp://camera.example/", "address.scheme"),
    ("rtsp://camera.example/", "address.scheme"),
    ("//camera.example/", "address.scheme"),
    ("camera.example/snap.jpg", "address.scheme"),
    # Loopback, link-local and the like, however they are written.
    ("http://169.254.169.254", "address.network"),
    ("http://169.254.169.254/latest/meta-data/", "address.network"),
    ("http://169.254.169.254./", "address.network"),
    ("http://[::ffff:169.254.169.254]/", "address.network"),
    ("http://127.0.0.1/", "address.network"),
    ("http://127.255.0.9/", "address.network"),
    ("http://127.0.0.1./", "address.network"),
    ("http://[::1]/", "address.network"),
    ("http://[0:0:0:0:0:0:0:1]/", "address.network"),
    ("http://[::ffff:127.0.0.1]/", "address.network"),
    ("http://[::ffff:7f00:1]/", "address.network"),
    ("http://[::127.0.0.1]/", "address.network"),
    ("http://[64:ff9b::127.0.0.1]/", "address.network"),
    ("http://[64:ff9b::a9fe:a9fe]/", "address.network"),
    ("http://[2002:7f00:1::]/", "address.network"),
    ("http://[fe80::1]/", "address.network"),
    ("http://[fec0::1]/", "address.network"),
    ("http://[fe80::1%eth0]/", "address.form"),
    ("http://[fe80::1%25eth0]/", "address.host"),
    ("http://0.0.0.0/", "address.network"),
    ("http://0.1.2.3/", "address.network"),
    ("http://[::]/", "address.network"),
    ("http://224.0.0.251/", "address.network"),
    ("http://[ff02::1]/", "address.network"),
    ("http://255.255.255.255/", "address.network"),
    ("http://240.0.0.1/", "address.network"),
    ("http://100.100.100.200/", "address.network"),
    ("http://168.63.129.16/", "address.network"),
    ("http://192.0.0.192/", "address.network"),
    ("http://[fd00:ec2::254]/", "address.network"),
    ("http://[fd20:ce::254]/", "address.network"),
    # Numbers that some programs read as 127.0.0.1.
    ("http://0x7f000001/", "address.host"),
    ("http://0X7F000001/", "address.host"),
    ("http://0x7f.0x0.0x0.0x1/", "address.host"),
    ("http://2130706433/", "address.host"),
    ("http://017700000001/", "address.host"),
    ("http://0177.0.0.1/", "address.host"),
    ("http://127.000.000.001/", "address.host"),
    ("http://127.1/", "address.host"),
    ("http://127.0.1/", "address.host"),
    ("http://0/", "address.host"),
    ("http://1.2.3.4.5/", "address.host"),
    ("http://256.1.1.1/", "address.host"),
    # The same in other scripts: full-width and circled digits, another full stop.
    ("http://１２７.0.0.1/", "address.network"),
    ("http://①②⑦.⓪.⓪.①/", "address.network"),
    ("http://127。0。0。1/", "address.network"),
    ("http://ⓛocalhost/", "address.network"),
    # Names.
    ("http://localhost/", "address.network"),
    ("http://LOCALHOST./", "address.network"),
    ("http://inside.example/", "address.network"),
    ("http://mapped.example/", "address.network"),
    ("http://cloud.example/", "address.network"),
    ("http://zoned.example/", "address.network"),
    ("http://rebinding.example/", "address.network"),
    ("http://rebinding-six.example/", "address.network"),
    ("http://metadata.google.internal/computeMetadata/v1/", "address.network"),
    ("http://METADATA/", "address.network"),
    ("http://nobody.example/", "address.unknown"),
    ("http://never-heard-of.example/", "address.unknown"),
    # Whose host is it?
    ("http://good@evil/", "address.network"),
    ("http://camera.example@127.0.0.1/", "address.network"),
    ("http://camera.example:80@127.0.0.1:80/", "address.network"),
    ("http://camera.example%2F@127.0.0.1/", "address.network"),
    ("http://127.0.0.1#@camera.example/", "address.form"),
    ("http://127.0.0.1\\@camera.example/", "address.form"),
    ("http:\\\\127.0.0.1/", "address.form"),
    ("http://a@b@camera.example/", "address.form"),
    ("http://@camera.example/", "address.form"),
    ("http:/127.0.0.1/", "address.form"),
    ("http:127.0.0.1", "address.form"),
    ("http:///127.0.0.1/", "address.form"),
    ("http://", "address.form"),
    ("http://:80/", "address.form"),
    ("http://[::1/", "address.form"),
    ("http://::1/", "address.form"),
    ("http://[127.0.0.1]/", "address.host"),
    ("http://[]/", "address.form"),
    ("http://camera.example%00.evil/", "address.form"),
    ("http://camera%2eexample/", "address.host"),
    ("http://camera..example/", "address.host"),
    ("http://.camera.example/", "address.host"),
    ("http://camera.example../", "address.host"),
    ("http://-camera.example/", "address.host"),
    ("http://camera;example/", "address.host"),
    ("http://camera,example/", "address.host"),
    ("http://$(reboot).example/", "address.host"),
    (f"http://{'a' * 64}.example/", "address.host"),
    # Ports.
    ("http://camera.example:0/", "address.port"),
    ("http://camera.example:65536/", "address.port"),
    ("http://camera.example:99999/", "address.port"),
    ("http://camera.example:999999/", "address.form"),
    ("http://camera.example:-1/", "address.form"),
    ("http://camera.example:/", "address.form"),
    ("http://camera.example:80:80/", "address.form"),
    ("http://camera.example:８０/", "address.form"),
    ("http://camera.example:0x50/", "address.form"),
    # What smuggles a second request or hides from the reader.
    ("http://camera.example/\r\nHost: evil", "address.form"),
    ("http://camera.example/a\nb", "address.form"),
    ("http://camera.example/%0d%0aHost:%20evil", "address.form"),
    ("http://camera.example/\x00", "address.form"),
    ("http://camera.example/\x7f", "address.form"),
    ("http://camera.example/a b", "address.form"),
    ("http://camera.example\t/", "address.form"),
    ("http://camera\u200b.example/", "address.form"),
    ("http://camera.example/\u202egpj", "address.form"),
    ("http://camera.example/%zz", "address.form"),
    ("\nhttp://camera.example/", "address.form"),
    ("http://camera.example/" + "a" * 3000, "address.form"),
]


@pytest.mark.parametrize(("url", "code"), HOSTILE)
def test_an_address_that_leads_elsewhere_is_refused(url, code):
    with pytest.raises(AddressRefused) as refused:
        check_address(url, schemes=HTTP)
    assert refused.value.code == code
    assert refused.value.http_status == 400


def test_a_name_is_resolved_once_and_what_was_checked_is_what_is_connected_to(names):
    found = check_address("http://camera.example/", schemes=HTTP)
    names["camera.example"] = ["127.0.0.1"]
    assert found.ip == "192.0.2.10"
    assert names["asked"] == ["camera.example"]


def test_an_operator_may_open_a_network(settings):
    settings.OPENED_NETWORKS = (ip_network("127.0.0.0/30"), ip_network("169.254.7.0/24"))
    opened = ["http://127.0.0.1/", "http://inside.example/", "http://[::ffff:127.0.0.1]/"]
    opened.append("http://169.254.7.20/")
    for url in opened:
        assert check_address(url, schemes=HTTP).ip in {"127.0.0.1", "169.254.7.20"}
    # Nothing more than was opened; the name has an answer outside it.
    for url in ("http://127.0.0.9/", "http://169.254.169.254/", "http://localhost/"):
        with pytest.raises(AddressRefused, match="GATEHOUSE_OPENED_NETWORKS"):
            check_address(url, schemes=HTTP)


def test_user_name_and_password_are_read_and_written_as_they_are_meant():
    found = check_address("rtsp://admin:p%40ss%2F%3A1@camera.example:8554/a?b=c", schemes=RTSP)
    assert (found.username, found.password) == ("admin", "p@ss/:1")
    assert found.url == "rtsp://camera.example:8554/a?b=c"
    assert found.host_header == "camera.example:8554"
    assert found.secret_url() == "rtsp://admin:p%40ss%2F%3A1@camera.example:8554/a?b=c"
    assert check_address(found.secret_url(), schemes=RTSP) == found


def test_an_ipv6_host_is_written_in_brackets():
    found = check_address("http://viewer@[fd12::1]/x", schemes=HTTP)
    assert (found.host, found.host_header) == ("fd12::1", "[fd12::1]")
    assert found.secret_url() == "http://viewer:@[fd12::1]/x"


def test_nothing_of_an_address_is_in_its_repr_or_in_a_refusal():
    found = check_address(f"http://admin:{SECRET}@camera.example/key/{SECRET}", schemes=HTTP)
    assert isinstance(found, SafeAddress)
    for hidden in (SECRET, "admin", "camera.example", "192.0.2.10"):
        assert hidden not in repr(found)
    for url in (
        f"http://admin:{SECRET}@127.0.0.1/",
        f"ftp://admin:{SECRET}@camera.example/",
        f"http://admin:{SECRET}@camera example/",
        f"http://admin:{SECRET}@nobody.example/{SECRET}",
    ):
        with pytest.raises(AddressRefused) as refused:
            check_address(url, schemes=HTTP)
        assert SECRET not in refused.value.message
        assert "admin" not in refused.value.message
        assert ".example" not in refused.value.message

"""What a client of memcached on this host finds."""


def test_answers_on_loopback_only(host):
    assert host.socket("tcp://127.0.0.1:11211").is_listening
    address = host.interface("eth0").addresses[0]
    assert not host.socket(f"tcp://{address}:11211").is_listening


def test_stores_and_returns_a_value(host):
    script = (
        "import socket; s = socket.create_connection(('127.0.0.1', 11211), 5); f = s.makefile('rb');"
        "s.sendall(b'set probe 0 60 5\\r\\nhello\\r\\n'); assert f.readline() == b'STORED\\r\\n';"
        "s.sendall(b'get probe\\r\\n'); f.readline(); print(f.readline().decode().strip())"
    )
    assert host.check_output("python3 -c %s", script) == "hello"

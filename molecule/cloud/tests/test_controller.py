"""What the controller keeps and passes on answers the application."""

testinfra_hosts = ["ansible://controller"]

# As the application does it, with its own settings and its own libraries.
MESSAGE = """
import tomllib, pika
url = tomllib.load(open("/etc/tenrec/api.toml", "rb"))["broker"]["url"]
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
queue = channel.queue_declare("", exclusive=True).method.queue
channel.basic_publish("", queue, b"hello")
for _, _, body in channel.consume(queue, auto_ack=True, inactivity_timeout=10):
    print((body or b"nothing came").decode())
    break
connection.close()
"""
VALUE = """
import tomllib
from pymemcache import HashClient
client = HashClient(tomllib.load(open("/etc/tenrec/api.toml", "rb"))["cache"]["servers"], timeout=5)
client.set("molecule-probe", b"hello", expire=60, noreply=False)
print(client.get("molecule-probe").decode())
"""


def test_database_answers_the_applications_query(host, hosts):
    query = "SELECT name FROM compute_nodes ORDER BY name"
    answer = host.check_output("runuser -u tenrec -- mariadb -N -B -u tenrec tenrec -e %s", query)
    assert answer.split() == sorted(hosts.names("compute"))


def test_broker_takes_a_message_and_gives_it(host):
    assert host.check_output("/opt/tenrec/api/bin/python -c %s", MESSAGE) == "hello"


def test_cache_stores_a_value(host):
    assert host.check_output("/opt/tenrec/api/bin/python -c %s", VALUE) == "hello"

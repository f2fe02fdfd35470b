"""POST /servers/{id}/action: the body's only key says what is to be done."""

from flask import Response, g, jsonify
from flask.views import MethodView
from marshmallow import INCLUDE, Schema, ValidationError

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import InvalidInput
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.http.parsing import sentences
from tenrec_api.policies import authorise
from tenrec_api.schemas.compute.servers import (
    ConsoleOutputAction,
    MigrateAction,
    RebootAction,
    SecurityGroupAction,
)
from tenrec_api.services.compute import actions, moves, servers

blueprint = Blueprint("server actions", COMPUTE, "What is done to servers")


class ActionBody(Schema):
    """One action with its argument, which is null for most."""

    class Meta:
        unknown = INCLUDE


def start(server_id, _argument):
    """os-start"""
    actions.start(g.session, g.context, server_id)


def stop(server_id, _argument):
    """os-stop"""
    actions.stop(g.session, g.context, server_id)


def reboot(server_id, argument):
    """reboot"""
    actions.reboot(g.session, g.context, server_id, argument["type"].upper())


def force_delete(server_id, _argument):
    """forceDelete"""
    actions.delete(g.session, g.context, server_id)


def lock(server_id, _argument):
    """lock"""
    servers.set_locked(g.session, g.context, server_id, True)


def unlock(server_id, _argument):
    """unlock"""
    servers.set_locked(g.session, g.context, server_id, False)


def add_security_group(server_id, argument):
    """addSecurityGroup"""
    actions.add_security_group(g.session, g.context, server_id, argument["name"])


def remove_security_group(server_id, argument):
    """removeSecurityGroup"""
    actions.remove_security_group(g.session, g.context, server_id, argument["name"])


def migrate(server_id, argument):
    """migrate: a server that is shut off goes to another node, and stays off"""
    authorise(g.context, "compute:server:migrate")
    moves.migrate(g.session, g.context, server_id, argument.get("host"))


def console_output(server_id, argument):
    """os-getConsoleOutput"""
    length = argument.get("length")
    output = actions.console_output(g.session, g.context, server_id, None if length == -1 else length)
    return jsonify({"output": output}), 200


# For each action the schema of its argument (None: it has none) and what does it.
ACTIONS = {
    "os-start": (None, start),
    "os-stop": (None, stop),
    "reboot": (RebootAction, reboot),
    "forceDelete": (None, force_delete),
    "migrate": (MigrateAction, migrate),
    "lock": (None, lock),
    "unlock": (None, unlock),
    "addSecurityGroup": (SecurityGroupAction, add_security_group),
    "removeSecurityGroup": (SecurityGroupAction, remove_security_group),
    "os-getConsoleOutput": (ConsoleOutputAction, console_output),
}


@blueprint.route("/servers/<server_id>/action")
class ServerAction(MethodView):
    """Actions on a server."""

    @requires("compute:server:action")
    @blueprint.arguments(ActionBody)
    @blueprint.response(202)
    def post(self, body, server_id):
        """Do something to a server.

        Most actions go on after the answer; os-getConsoleOutput answers with the output.
        """
        if len(body) != 1:
            raise InvalidInput(f"Give one action, not {len(body)}; valid: {', '.join(sorted(ACTIONS))}.")
        name, argument = next(iter(body.items()))
        if name not in ACTIONS:
            raise InvalidInput(f"There is no such action: '{name[:80]}'; valid: {', '.join(sorted(ACTIONS))}.")
        schema, run = ACTIONS[name]
        return run(server_id, _load(name, schema, argument)) or Response(status=202)


def _load(name: str, schema: type[Schema] | None, argument):
    if schema is None:
        if argument not in (None, {}, ""):
            raise InvalidInput(f"{name}: this action has no argument; give null.")
        return None
    try:
        return schema().load({} if argument is None else argument)
    except ValidationError as error:
        raise InvalidInput("; ".join(sentences({name: error.messages}))) from error

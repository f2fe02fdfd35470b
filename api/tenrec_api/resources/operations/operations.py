"""Operations: what the worker does, did and will do."""

from flask import g
from flask.views import MethodView

from tenrec_api.apis import OPERATIONS
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.base import enveloped
from tenrec_api.schemas.operations.operations import Operation as OperationSchema
from tenrec_api.schemas.operations.operations import OperationList, OperationQuery, RunList
from tenrec_api.services import operations, runs

blueprint = Blueprint("operations", OPERATIONS, "Playbook runs of tenants' requests, for operators")


@blueprint.route("/operations")
class Operations(MethodView):
    """All operations that are kept."""

    @requires("operations:list")
    @blueprint.arguments(OperationQuery, location="query")
    @blueprint.response(200, OperationList)
    def get(self, query):
        """List operations, latest first."""
        return {"operations": operations.listing(g.session, **query)}


@blueprint.route("/operations/<operation_id>")
class Operation(MethodView):
    """One operation."""

    @requires("operations:show")
    @blueprint.response(200, enveloped("operation", OperationSchema))
    def get(self, operation_id):
        """Show an operation: how far it is, or how it ended."""
        return {"operation": operations.show(g.session, operation_id)}


@blueprint.route("/operations/<operation_id>/events")
class OperationEvents(MethodView):
    """What an operation's runs did."""

    @requires("operations:events")
    @blueprint.response(200, RunList)
    def get(self, operation_id):
        """List an operation's runs with every task: host, start, seconds and how it ended."""
        operations.show(g.session, operation_id)
        return {"runs": runs.of_operation(g.session, operation_id)}


@blueprint.route("/operations/<operation_id>/cancel")
class OperationCancel(MethodView):
    """The end of an operation before its time."""

    @requires("operations:cancel")
    @blueprint.response(202, enveloped("operation", OperationSchema))
    def post(self, operation_id):
        """Cancel an operation that is queued or running."""
        return {"operation": operations.cancel(g.session, operation_id)}


@blueprint.route("/operations/<operation_id>/retry")
class OperationRetry(MethodView):
    """Another try of what failed."""

    @requires("operations:retry")
    @blueprint.response(202, enveloped("operation", OperationSchema))
    def post(self, operation_id):
        """Queue the work of a failed operation once more, as a new operation."""
        return {"operation": operations.retry(g.session, operation_id)}

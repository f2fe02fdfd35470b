"""Drift: where the hosts are not as the database wants them."""

from flask import g
from flask.views import MethodView

from tenrec_api.apis import OPERATIONS
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.base import enveloped
from tenrec_api.schemas.operations.drift import FindingList, ReconcileRequest
from tenrec_api.schemas.operations.operations import Operation as OperationSchema
from tenrec_api.services.drift import findings

blueprint = Blueprint("drift", OPERATIONS, "Where the hosts are not as the database wants them")


@blueprint.route("/findings")
class Findings(MethodView):
    """What the last comparison found."""

    @requires("operations:findings")
    @blueprint.response(200, FindingList)
    def get(self):
        """List what is missing, changed or orphaned on the hosts, and what is done about it."""
        return {"compared_at": findings.last(g.session), "findings": findings.listing(g.session)}


@blueprint.route("/reconcile")
class Reconcile(MethodView):
    """A comparison of the whole cloud."""

    @requires("operations:reconcile")
    @blueprint.arguments(ReconcileRequest)
    @blueprint.response(202, enveloped("operation", OperationSchema))
    def post(self, body):
        """Compare all hosts with the database, and repair what is missing or changed if that is wanted."""
        return {"operation": findings.request(g.session, g.context, body["repair"])}

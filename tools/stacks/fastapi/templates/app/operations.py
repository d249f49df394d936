"""What those who run the service ask it."""

from __future__ import annotations

from pathlib import Path

import prometheus_client
import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError

from app.database import Db
from app.problems import Problem

router = APIRouter()
_CONTRACT = Path(__file__).parent.parent / "openapi.yaml"


@router.get("/healthz")
async def health() -> Response:
    """Answer that the process lives."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def readiness(db: Db) -> Response:
    """Answer that the service can take traffic: the database is there and migrated."""
    try:
        with db.read() as session:
            session.execute(sa.text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError as error:
        raise Problem(503, "The database is away, or not migrated.") from error
    return JSONResponse({"status": "ok"})


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Answer the metrics in Prometheus' text format."""
    registry = request.app.state.metrics.registry
    content = prometheus_client.generate_latest(registry)
    return Response(content, media_type=prometheus_client.CONTENT_TYPE_LATEST)


@router.get("/openapi.yaml")
def contract() -> Response:
    """Answer the contract of this service."""
    return PlainTextResponse(_CONTRACT.read_text("utf-8"), media_type="application/yaml")

"""The day's files, on an address of their own: POST / on the port beside the gateway's."""

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response

from yongquan.flows.trade_by_acp import AcpRefused
from yongquan.flows.write_acp_files import AcpFiles
from yongquan.institutions.acp import codes
from yongquan.kernel.errors import Outage, Refusal
from yongquan.web.dialects.acp.edge import Edge
from yongquan.web.dialects.acp.fields import COMMON, require_fields

DOWNLOAD = ("76", "01")
REQUIRED = (*COMMON, "settleDate", "txnTime", "fileType")


def make_acp_files(edge: Edge, files: AcpFiles) -> FastAPI:
    """The application of the download port."""
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @site.post("/")
    async def download(request: Request) -> Response:
        fields: Mapping[str, str] = {}
        secret: str | None = None
        try:
            fields = await edge.read(request)
            asked = await edge.check(fields)
            secret = edge.secret_of(asked.merchant)
            _require_download(fields)
            name, content = await files.day(asked)
        except AcpRefused as no:
            return edge.answer(fields, no.resp_code, {}, secret=secret, message=str(no))
        except Refusal as no:
            return edge.answer(fields, codes.of_refusal(no.code), {}, secret=secret)
        except Outage:
            return edge.answer(fields, codes.BUSY, {}, secret=secret)
        return edge.answer(fields, codes.OK, {"fileName": name, "fileContent": content}, secret=secret)

    return site


def _require_download(fields: Mapping[str, str]) -> None:
    require_fields(fields, REQUIRED)
    if (fields["txnType"], fields["txnSubType"]) != DOWNLOAD or fields["bizType"] != "000000":
        raise AcpRefused(codes.FORMAT, "txnType")

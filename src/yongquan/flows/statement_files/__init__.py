"""A funder's statement as files: a workbook for checking, a document for signing."""

from yongquan.flows.statement_files.document import NoChineseFont, write_document
from yongquan.flows.statement_files.workbook import write_workbook

__all__ = ["NoChineseFont", "write_document", "write_workbook"]

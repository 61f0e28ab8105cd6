"""The fields of a document about ways to a voucher: packs, codes, applications with proof, what is left over. Pure."""

from typing import get_args

from yongquan.vouchers.documents_kinds import AMOUNT, TRUTH, Kind, choice, text, whole
from yongquan.vouchers.documents_records import Change, Field, Record, Words, many
from yongquan.vouchers.model import Leftover, PackTerms
from yongquan.vouchers.ways.application_form import FIELD_NAME, FIELDS_MAX, Benefit, FieldKind, Form
from yongquan.vouchers.ways.application_form import Field as Asked

LEFTOVER = Field(
    "leftover",
    "leftover",
    choice(Leftover),
    Words("余券去向", "budget 退回各出资方预算;next_round 并入下一轮同样的券"),
    Words("Leftover", "Unused money: budget, or next_round (a like type of the next round)"),
    Change.FREE,
)
COPIES = Field(
    "copies",
    "copies",
    whole(1, 100),
    Words("每包几张", "券包里这种券有几张,不写为一张"),
    Words("Copies", "How many of it are in a pack; one if absent"),
)
PACK = Record(
    PackTerms,
    (
        Field("name", "name", text(80), Words("券包名称", "中文"), Words("Pack", "In Chinese"), Change.FREE),
        Field(
            "name_en", "name_en", text(120), Words("券包英文名", "英文"), Words("In English", "Its name"), Change.FREE
        ),
        Field(
            "packs",
            "packs",
            whole(1, 100_000_000),
            Words("共几包", "每种券的张数须等于包数乘每包张数;限领按包数算"),
            Words("Packs", "Each type's stock is packs x copies; caps count packs"),
            Change.UP,
        ),
    ),
)
CODES_MOST = Field(
    "codes",
    "codes_most",
    whole(1, 100_000_000),
    Words("券码上限", "本轮最多生成多少个券码;不写不限"),
    Words("Codes", "At most so many codes may be made for the round; any number if absent"),
    Change.UP,
)
ASKED = Record(
    Asked,
    (
        Field(
            "name",
            "name",
            text(31, pattern=FIELD_NAME, example="invoice"),
            Words("字段代码", "英文小写,本表内唯一"),
            Words("Name", "Unique in the form"),
        ),
        Field("label", "label", text(40), Words("中文题目", "市民看到的"), Words("Label", "In Chinese")),
        Field("label_en", "label_en", text(60), Words("英文题目", "市民看到的"), Words("English label", "In English")),
        Field(
            "kind",
            "kind",
            Kind({"type": "string", "enum": list(get_args(FieldKind))}, str, str),
            Words("种类", "text 文字;amount 金额;invoice 发票号;plate 车牌;receipt 回执号;upload 上传凭证"),
            Words("Kind", "text, amount, invoice, plate, receipt or upload"),
        ),
        Field("required", "required", TRUTH, Words("必填", "不写为必填"), Words("Required", "Yes if absent")),
        Field(
            "decides",
            "decides",
            TRUTH,
            Words("决定复核", "用这个金额看是否须第二人复核"),
            Words("Decides", "Whether this amount asks for the second person"),
        ),
    ),
)
APPLICATION = Record(
    Form,
    (
        Field(
            "fields",
            "fields",
            many(ASKED, least=1, most=FIELDS_MAX),
            Words("问什么", "逐项列出文字、号码和要上传的凭证"),
            Words("Fields", "What is asked and which proofs are uploaded"),
        ),
        Field(
            "second_from",
            "second_from_fen",
            AMOUNT,
            Words("复核起点", "金额从多少起须第二人通过;不写则一人即可"),
            Words("Second person from", "From this amount on another person approves too"),
        ),
        Field(
            "benefit",
            "benefit",
            choice(Benefit),
            Words("通过后得到", "voucher 本轮的券;card 把券的面额付到申请人的银行卡,须两人通过;不写为 voucher"),
            Words("Benefit", "voucher, or card: the type's amount is paid to the applicant's card, two approve"),
        ),
    ),
)

"""Names in a document that nobody registered are told at their lines, with the nearest."""

from rooms.vouchers.full_document import full_text

from yongquan.vouchers.documents_known import Known, check_known
from yongquan.vouchers.documents_yaml import read_yaml

NAMES = ("old-street", "east-lake")


def test_names_that_are_there_are_no_fault() -> None:
    text = full_text(areas=["east-lake"], shop_groups=["old-street"], card_issuers=["yuehu"])
    marked = read_yaml(text)
    own = marked.values["sub_activities"][0]["rounds"][0]["conditions"]
    known = Known(NAMES, NAMES, ("yuehu", *own["new_customer_of"]), tuple(own["platforms"]))

    assert check_known(marked, known) == []


def test_a_name_that_is_not_there_is_told_at_its_line_with_the_nearest() -> None:
    marked = read_yaml(full_text(areas=["east-lak"], shop_groups=["old-stret"]))

    faults = check_known(marked, Known(NAMES, NAMES))

    told = {fault.path.rpartition("sub_activities[0].rounds[0].")[2]: fault for fault in faults}
    assert told["conditions.areas[0]"].code == "unknown_area"
    assert "east-lake" in told["conditions.areas[0]"].say(english=True)
    shop = told["types[0].use.shop_groups[0]"]
    assert shop.say(english=False) == "没有商户组 old-stret:相近的有 old-street"
    text = full_text(areas=["east-lak"], shop_groups=["old-stret"]).splitlines()
    assert "old-stret" in "".join(text[shop.line - 1 : shop.line + 1])
    assert "none is registered yet" in told["conditions.card_issuers[0]"].say(english=True)
    assert {"unknown_area", "unknown_shop_group", "unknown_issuer", "unknown_platform"} == {f.code for f in faults}

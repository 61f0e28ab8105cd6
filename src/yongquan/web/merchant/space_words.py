"""What a shop's application says on the phone: states, steps, faults, and why it was sent back. Chinese msgids."""

from yongquan.merchants.applications.model import State
from yongquan.merchants.identity.checking import Finding
from yongquan.merchants.identity.rules import Why
from yongquan.web.language import Speech

STATES = {
    State.DRAFT: "草稿",
    State.SUBMITTED: "已提交，等待核验",
    State.CHECKING: "正在向登记机关核验",
    State.IN_REVIEW: "审核中",
    State.SECOND_REVIEW: "复核中",
    State.REJECTED: "已退回，请修改后重新提交",
    State.WITHDRAWN: "已撤回",
    State.STOPPED: "已停止办理",
    State.APPEALED: "申诉中",
    State.APPROVED: "已通过，正在开户",
    State.OPEN: "已入驻",
}
STEPS = {
    "licence": "营业执照",
    "photo": "执照照片",
    "person": "法定代表人或经营者",
    "letter": "授权委托书",
    "store": "门店信息",
    "account": "结算账户",
}
DECISIONS = {
    "rejected": "退回修改",
    "stopped": "停止办理",
    "second_review": "初审通过，进入复核",
    "approved": "审核通过",
    "appealed": "提出申诉",
    "withdrawn": "撤回申请",
}
FAULTS = {
    "missing": "请填写",
    "malformed": "内容有误，请核对",
    "licence_no": "统一社会信用代码为 18 位，请逐位核对",
    "licence_photo": "请上传营业执照照片",
    "letter_photo": "请上传授权委托书照片",
    "person_id_no": "身份证号有误，请逐位核对",
    "agent_id_no": "身份证号有误，请逐位核对",
    "adcode": "请把图钉放在本市范围内的门店位置",
    "not_a_picture": "这个文件不是照片，请上传 JPEG、PNG 或 WebP",
    "too_large": "照片太大，请压缩到 10 MB 以内",
    "too_small": "照片太小，请重新拍摄",
    "appeal": "请写明申诉理由，最多 500 字",
}
REASONS = {
    Finding.LICENCE_UNKNOWN: "登记机关查不到这个统一社会信用代码",
    Finding.LICENCE_CANCELLED: "该营业执照已注销",
    Finding.LICENCE_REVOKED: "该营业执照已吊销",
    Finding.PERSON_DIFFERS: "姓名与身份证号核验不一致",
    Finding.OWNER_DIFFERS: "填写的人不是该执照的法定代表人或经营者",
    Finding.ACCOUNT_DIFFERS: "结算账户户名须与执照名称一致；个体工商户可用经营者本人账户",
    Finding.ACCOUNT_OF_ANOTHER: "收单机构登记的账户户名与填写的不一致",
    Finding.OTHER_SCOPE: "执照的经营范围不含所选行业",
    Finding.OTHER_ADDRESS: "门店地址与执照地址不同",
    Finding.HEAD_MISSING: "分支机构没有登记所属企业",
    Finding.NEW_OWNER: "执照曾变更法定代表人或经营者",
    Finding.NO_LICENCE: "没有营业执照：可以收款，不能参加政府消费券活动",
    Why.LISTED_LICENCE: "该营业执照在重点关注名单中，不能以新的名称、账户或终端重新入驻",
    Why.LISTED_OWNER: "法定代表人或经营者是名单中商户当时的负责人",
    Why.LISTED_ACCOUNT: "结算账户是名单中商户使用过的账户",
    Why.LISTED_HEAD: "所属企业在重点关注名单中",
    Why.SUCCESSOR: "该执照更换了经营者，由两人审核新经营者",
    Why.LISTED_TRACES: "手机号、终端等与名单中的商户相同，由两人审核",
    Why.WATCHED: "与关注名单中的商户有关联，由两人审核",
    Why.SHARED_ACCOUNT: "结算账户与另一家商户共用，由两人审核",
    Why.LINKED: "与已登记的商户有关联",
    "photo_unreadable": "照片看不清，请重新拍摄",
    "photo_differs": "照片与填写的执照不一致",
    "name_differs": "门店名称与实际不符",
    "address_differs": "门店地址或图钉位置与实际不符",
    "scope_differs": "所选行业与经营范围不符",
    "account_differs": "结算账户户名须与执照名称一致；个体工商户可用经营者本人账户",
    "letter_missing": "缺少有效的授权委托书",
    "not_a_shop": "没有实际经营的门店",
    "duplicate": "这家门店已经入驻或正在申请",
    "listed": "与重点关注名单有关，复核后维持停止办理",
}
# Where a reason is put right.
MENDED_AT: dict[str, str] = {
    **dict.fromkeys((Finding.LICENCE_UNKNOWN, Finding.LICENCE_CANCELLED, Finding.LICENCE_REVOKED), "licence"),
    **dict.fromkeys((Finding.PERSON_DIFFERS, Finding.OWNER_DIFFERS), "person"),
    **dict.fromkeys((Finding.ACCOUNT_DIFFERS, Finding.ACCOUNT_OF_ANOTHER), "account"),
    **dict.fromkeys(("photo_unreadable", "photo_differs"), "photo"),
    **dict.fromkeys(("name_differs", "address_differs", "scope_differs", "not_a_shop"), "store"),
    "letter_missing": "letter",
}
LICENCE_STATES = {"in_business": "在营", "cancelled": "已注销", "revoked": "已吊销"}
LICENCE_KINDS = {
    "company": "企业",
    "branch": "分支机构",
    "sole_trader": "个体工商户",
    "cooperative": "农民专业合作社",
    "other": "其他",
}
ROLES = {"legal_representative": "法定代表人", "operator": "经营者", "in_charge": "负责人"}
SPACE_WORDS = {"saved": "已保存", "not_saved": "没有保存成功，请检查网络；填写的内容还在", "locating": "正在定位…"}
SPACE_WORDS |= {"no_place": "没有取得位置，请在地图上点选或输入坐标", "pin": "门店位置"}
CASHIER_FAULTS = {
    "not_a_phone": "请填写 11 位手机号",
    "unknown_cashier": "这个手机号还没有登录过商户空间，请收银员先登录一次",
    "too_many_cashiers": "收银员已满 50 人，请先移除不再使用的",
}
LISTS = (CASHIER_FAULTS, STATES, STEPS, DECISIONS, FAULTS, REASONS, LICENCE_STATES, LICENCE_KINDS, ROLES, SPACE_WORDS)


class SpaceWords:
    """The sentences in one language."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech

    def state(self, state: str) -> str:
        """Where an application stands."""
        return self._speech.say(STATES[State(state)])

    def step(self, step: str) -> str:
        """What a step is called."""
        return self._speech.say(STEPS[step])

    def decision(self, decision: str) -> str:
        """What was decided."""
        return self._speech.say(DECISIONS[decision])

    def fault(self, name: str, fault: str) -> str:
        """What is wrong with a field."""
        needs_own = fault == "malformed" or (fault == "missing" and (name.endswith("_photo") or name == "adcode"))
        is_own = name in FAULTS and needs_own
        return self._speech.say(FAULTS[name if is_own else fault])

    def reason(self, code: str) -> str:
        """Why an application was sent back, stopped, or is looked at by two."""
        return self._speech.say(REASONS.get(code, code))

    def licence_state(self, status: str) -> str:
        """How a licence stands."""
        return self._speech.say(LICENCE_STATES[status])

    def licence_kind(self, kind: str) -> str:
        """What holds a licence."""
        return self._speech.say(LICENCE_KINDS[kind])

    def cashier_fault(self, code: str) -> str:
        """Why somebody cannot be let into the till."""
        return self._speech.say(CASHIER_FAULTS[code])

    def role(self, role: str) -> str:
        """What the person is called who answers for a licence."""
        return self._speech.say(ROLES[role])

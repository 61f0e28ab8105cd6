"""What a statement calls accounts and postings: it is signed in Chinese, with the English beside it."""

from yongquan.ledger import Kind, Posting

KINDS = {
    Kind.SUPERVISED: "监管账户 supervised account",
    Kind.CASH: "可用资金 free cash",
    Kind.ADVANCE_GIVEN: "垫付授信 advance granted",
    Kind.ADVANCE_LIMIT: "可用垫付额度 advance left",
    Kind.SUBSIDY_DUE: "应付补贴 subsidy due",
    Kind.SPENT: "已支出补贴 subsidy spent",
    Kind.REIMBURSABLE: "待偿登记 reimbursable",
    Kind.ADVANCED: "已垫付待偿 owed to the advancer",
    Kind.DEDUCTED: "审计核减 deducted",
}
POSTINGS = {
    Posting.PREPAY: "预付入账 prepayment",
    Posting.GRANT_ADVANCE: "授予垫付额度 advance granted",
    Posting.FUND_CAMPAIGN: "拨入活动 campaign funded",
    Posting.RETURN_SURPLUS: "结余退回 surplus returned",
    Posting.REPAY_FUNDER: "退还出资方 repaid to the funder",
    Posting.REPAY_ADVANCE: "偿还垫付 advance repaid",
    Posting.RENEW_LIMIT: "恢复额度 limit renewed",
    Posting.PAY_ADVANCER: "监管账户付垫付方 paid to the advancer",
    Posting.DEDUCT: "审计核减 deducted",
    Posting.WRITE_OFF_ADVANCE: "核减垫付 advance written off",
    Posting.RECOVER_DEDUCTION: "核减追回 recovered",
    Posting.SUBSIDISE: "核销补贴 redeemed",
    Posting.REFUND_SUBSIDY: "退货退补贴 refunded",
    Posting.RECOVER_SUBSIDY: "暂缓结算追回 recovered from a held shop",
    Posting.CALL_SUBSIDY: "清算划付 called",
    Posting.SPEND_PREPAID: "监管账户支出 paid from prepaid money",
    Posting.SPEND_ADVANCE: "垫付支出 paid by the advancer",
    Posting.RECORD_ADVANCE: "登记垫付 advance recorded",
    Posting.RETURN_SUBSIDY: "清算退回 returned",
    Posting.RESTORE_PREPAID: "退回监管账户 restored",
    Posting.RESTORE_ADVANCE: "恢复垫付 advance restored",
    Posting.REDUCE_ADVANCE: "冲减垫付 advance reduced",
}


def kind_name(kind: Kind | None) -> str:
    """An account of the funder; others are counterparts."""
    return KINDS[kind] if kind else "对方账户 counterpart"


def posting_name(posting: Posting) -> str:
    return POSTINGS.get(posting, posting.name.lower())

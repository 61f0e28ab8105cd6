"""The static check of a condition: names, arguments and types; and the program that CEL is given. Pure.

Every call of a function and every fact is rewritten to one plain variable, so that CEL never calls back into Python:
`count('payment','device','1h') > 5` becomes `f_count_payment_device_1h > 5`. What a book needs is known before any
event arrives. A rewritten name cannot meet a written one: the check knows every written name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from yongquan.risk.events import Entity, EventKind
from yongquan.risk.features.model import Feature, Measure
from yongquan.risk.lists.model import Colour
from yongquan.risk.rules.model import Checked, ListQuestion, Read
from yongquan.risk.rules.programs import pattern_problem
from yongquan.risk.rules.syntax import Call, Listing, Literal, Member, Name, Node, Operation, SyntaxFault, parse
from yongquan.risk.rules.vocabulary import EVENT_VALUES, FACTS, FUNCTIONS, GAP_WINDOW, METHODS, USAGES, YUAN_MAX

CONDITION_MAX = 2_000
_ORDER = ("<", "<=", ">", ">=")
_TYPE_NAMES = {int: "int", bool: "bool", str: "str", list: "list"}


def check_condition(source: str, declared: Mapping[str, type]) -> Checked:
    """A condition that may be run; `declared` are the book's own facts. Raises `SyntaxFault`."""
    if len(source) > CONDITION_MAX:
        raise SyntaxFault(0, "too_long", key="when", most=CONDITION_MAX)
    check = _Check({**FACTS, **declared})
    tree = parse(source)
    found = check.type_of(tree)
    if found is not bool:
        raise SyntaxFault(tree.start, "not_condition", found=_named(found))
    if not check.reads:
        raise SyntaxFault(tree.start, "constant")
    program = source
    for start, end, text in sorted(check.rewrites, reverse=True):
        program = program[:start] + text + program[end:]
    return Checked(
        program=program,
        reads=tuple(Read(shown, variable) for shown, variable in check.reads.items()),
        features=frozenset(check.features),
        questions=frozenset(check.questions),
        facts=frozenset(check.asked),
    )


def variable_of(asked: Feature | ListQuestion) -> str:
    """How a program names a feature, or the tier a party has on a list."""
    if isinstance(asked, Feature):
        return "f_" + asked.name.replace(".", "_")
    return f"l_{asked.party}_{asked.colour}"


@dataclass(slots=True)
class _Check:
    fact_types: Mapping[str, type]
    reads: dict[str, str] = field(default_factory=dict)
    rewrites: list[tuple[int, int, str]] = field(default_factory=list)
    features: set[Feature] = field(default_factory=set)
    questions: set[ListQuestion] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)

    def type_of(self, node: Node) -> type:
        match node:
            case Literal():
                return type(node.value)
            case Name():
                return self._name(node)
            case Member():
                return self._fact(node)
            case Call() if node.target is not None:
                return self._method(node, node.target)
            case Call():
                return self._function(node)
            case Operation():
                return self._operation(node)
            case Listing():
                raise SyntaxFault(node.start, "type", op="in", wanted="x in [..]", found="list")

    def _name(self, node: Name) -> type:
        if node.name not in EVENT_VALUES:
            options = ", ".join([*EVENT_VALUES, "facts.…", *(f"{name}(…)" for name in USAGES)])
            raise SyntaxFault(node.start, "unknown_name", name=node.name, options=options)
        self.reads[node.name] = node.name
        return EVENT_VALUES[node.name]

    def _fact(self, node: Member) -> type:
        name = self._fact_name(node)
        self._rewrite(node, f"facts.{name}", f"x_{name}")
        return self.fact_types[name]

    def _fact_name(self, node: Member) -> str:
        if not isinstance(node.target, Name) or node.target.name != "facts":
            raise SyntaxFault(node.start, "facts_only")
        if node.name not in self.fact_types:
            raise SyntaxFault(node.start, "unknown_fact", name=node.name, options=", ".join(self.fact_types))
        self.asked.add(node.name)
        return node.name

    def _rewrite(self, node: Node, shown: str, variable: str, program: str = "") -> None:
        self.reads[shown] = variable
        self.rewrites.append((node.start, node.end, program or variable))

    def _method(self, node: Call, target: Node) -> type:
        if node.name not in METHODS:
            raise SyntaxFault(node.start, "unknown_method", name=node.name, options=", ".join(METHODS))
        self._want(target, str, f".{node.name}")
        usage = f"facts.channel.{node.name}('x')"
        if len(node.arguments) != 1:
            raise SyntaxFault(node.start, "arity", name=node.name, wanted=1, usage=usage)
        (argument,) = node.arguments
        self._want(argument, str, f".{node.name}")
        if node.name == "matches":
            if not isinstance(argument, Literal):
                raise SyntaxFault(argument.start, "not_literal", name=node.name, usage=usage)
            if problem := pattern_problem(str(argument.value)):
                raise SyntaxFault(argument.start, "pattern", problem=problem)
        return bool

    def _function(self, node: Call) -> type:
        if node.name == "has":
            return self._has(node)
        if node.name == "yuan":
            return self._yuan(node)
        if node.name not in FUNCTIONS:
            raise SyntaxFault(node.start, "unknown_function", name=node.name, options=", ".join(USAGES))
        arguments = self._arguments(node)
        shown = f"{node.name}({', '.join(repr(one) for one in arguments)})"
        if node.name in {"listed", "tier"}:
            question = ListQuestion(Entity(arguments[0]), Colour(arguments[1]))
            self.questions.add(question)
            variable = variable_of(question)
            is_listed = node.name == "listed"
            self._rewrite(node, f"tier{shown[len(node.name) :]}", variable, f"({variable} > 0)" if is_listed else "")
            return bool if is_listed else int
        if node.name == "known":
            self._rewrite(node, shown, f"k_{arguments[0]}")
            return bool
        feature = _feature(node, arguments)
        self.features.add(feature)
        self._rewrite(node, shown, variable_of(feature))
        return int

    def _arguments(self, node: Call) -> list[str]:
        wanted, usage = FUNCTIONS[node.name], USAGES[node.name]
        if len(node.arguments) != len(wanted):
            raise SyntaxFault(node.start, "arity", name=node.name, wanted=len(wanted), usage=usage)
        values = []
        for argument, options in zip(node.arguments, wanted, strict=True):
            if not isinstance(argument, Literal) or not isinstance(argument.value, str):
                raise SyntaxFault(argument.start, "not_literal", name=node.name, usage=usage)
            if argument.value not in options:
                said = {"name": node.name, "value": repr(argument.value), "options": ", ".join(options)}
                raise SyntaxFault(argument.start, "bad_argument", **said)
            values.append(argument.value)
        return values

    def _has(self, node: Call) -> type:
        if len(node.arguments) != 1 or not isinstance(node.arguments[0], Member):
            raise SyntaxFault(node.start, "has_fact")
        name = self._fact_name(node.arguments[0])
        self._rewrite(node, f"has(facts.{name})", f"h_{name}")
        return bool

    def _yuan(self, node: Call) -> type:
        usage = USAGES["yuan"]
        if len(node.arguments) != 1:
            raise SyntaxFault(node.start, "arity", name="yuan", wanted=1, usage=usage)
        (argument,) = node.arguments
        if not isinstance(argument, Literal) or type(argument.value) is not int:
            raise SyntaxFault(argument.start, "not_literal", name="yuan", usage=usage)
        if argument.value > YUAN_MAX:
            raise SyntaxFault(argument.start, "number", text=argument.value)
        self.rewrites.append((node.start, node.end, str(argument.value * 100)))
        return int

    def _operation(self, node: Operation) -> type:
        op, operands = node.op, node.operands
        if op in {"||", "&&", "!"}:
            for one in operands:
                self._want(one, bool, op)
            return bool
        if op == "?:":
            self._want(operands[0], bool, op)
            return self._same(op, *operands[1:])
        if op == "in":
            return self._in(operands[0], operands[1])
        if op in {"==", "!="}:
            self._same(op, *operands)
            return bool
        if op in _ORDER:
            found = self._same(op, *operands)
            if found is bool:
                raise SyntaxFault(node.start, "types", op=op, left="bool", right="bool")
            return bool
        for one in operands:
            self._want(one, int, op)
        return int

    def _same(self, op: str, left: Node, right: Node) -> type:
        first, second = self.type_of(left), self.type_of(right)
        if first is not second:
            raise SyntaxFault(right.start, "types", op=op, left=_named(first), right=_named(second))
        return first

    def _in(self, left: Node, right: Node) -> type:
        found = self.type_of(left)
        if not isinstance(right, Listing):
            raise SyntaxFault(right.start, "type", op="in", wanted="['a', 'b']", found=_named(self.type_of(right)))
        kinds = [self.type_of(one) for one in right.values]
        if len(set(kinds)) > 1:
            raise SyntaxFault(right.start, "mixed_list")
        if kinds and kinds[0] is not found:
            raise SyntaxFault(right.start, "types", op="in", left=_named(found), right=f"[{_named(kinds[0])}]")
        return bool

    def _want(self, node: Node, wanted: type, op: str) -> None:
        found = self.type_of(node)
        if found is not wanted:
            raise SyntaxFault(node.start, "type", op=op, wanted=_named(wanted), found=_named(found))


def _feature(node: Call, arguments: list[str]) -> Feature:
    """The feature that a call names; its arguments are known words."""
    kind, party = EventKind(arguments[0]), Entity(arguments[1])
    make: Mapping[str, Callable[[], Feature]] = {
        "count": lambda: Feature(Measure.COUNT, party, kind, arguments[2]),
        "sum": lambda: Feature(Measure.SUM, party, kind, arguments[3], arguments[2]),
        "distinct": lambda: Feature(Measure.DISTINCT, party, kind, arguments[3], arguments[2]),
        "gap": lambda: Feature(Measure.GAP, party, kind, GAP_WINDOW),
    }
    if node.name == "distinct" and arguments[1] == arguments[2]:
        raise SyntaxFault(node.arguments[2].start, "no_past", name="distinct", value=arguments[2])
    return make[node.name]()


def _named(kind: type) -> str:
    return _TYPE_NAMES.get(kind, kind.__name__)

"""A surveyor's day: shops while they are open, what is due first, back before the day ends."""

from datetime import date, timedelta
from uuid import UUID

from yongquan.merchants.tasks.routing import DAY_ENDS, DAY_STARTS, Errand, opening_hours, route_day

DAY = date(2022, 2, 21)
DEPOT = (121.55, 29.87)


def errand(number: int, *, industry: str = "dining", minutes: int = 20, due: int = 0, far: float = 0.01) -> Errand:
    place = (DEPOT[0] + far * (number % 5), DEPOT[1] + far * (number // 5))
    return Errand(UUID(int=number), place, industry, minutes, DAY + timedelta(days=due))


def test_a_day_visits_each_shop_while_it_is_open_and_ends_in_time() -> None:
    errands = [errand(n, industry=("dining", "entertainment", "supermarket")[n % 3]) for n in range(1, 11)]

    route = route_day(errands, depot=DEPOT, day=DAY)

    assert sorted(stop.task_id.int for stop in route.stops) == list(range(1, 11))
    assert route.left_out == ()
    by_id = {one.task_id: one for one in errands}
    minute = DAY_STARTS
    for stop in route.stops:
        opens, closes = opening_hours(by_id[stop.task_id].industry)
        assert minute <= stop.arrive_minute
        assert opens <= stop.arrive_minute
        assert stop.leave_minute == stop.arrive_minute + by_id[stop.task_id].minutes <= min(closes, DAY_ENDS)
        minute = stop.leave_minute
    assert DAY_STARTS + route.minutes <= DAY_ENDS + 60


def test_the_same_tasks_give_the_same_day_in_any_order() -> None:
    errands = [errand(n, due=n % 4) for n in range(1, 16)]

    assert route_day(errands, depot=DEPOT, day=DAY) == route_day(errands[::-1], depot=DEPOT, day=DAY)


def test_what_is_due_later_is_left_out_first() -> None:
    errands = [errand(n, minutes=120, due=0 if n <= 3 else 9) for n in range(1, 9)]

    route = route_day(errands, depot=DEPOT, day=DAY)

    assert {1, 2, 3} <= {stop.task_id.int for stop in route.stops}
    assert {task_id.int for task_id in route.left_out} <= {4, 5, 6, 7, 8}
    assert route.left_out


def test_the_rest_of_a_day_begins_where_the_person_is() -> None:
    near, far = errand(1, far=0.001), errand(5, far=0.05)

    route = route_day([near, far], depot=DEPOT, start=far.place, from_minute=15 * 60, day=DAY)

    assert route.stops[0].task_id == far.task_id
    assert route.stops[0].metres == 0
    assert route.stops[0].arrive_minute >= 15 * 60


def test_in_the_evening_nothing_fits() -> None:
    route = route_day([errand(1)], depot=DEPOT, from_minute=17 * 60 + 50, day=DAY)

    assert (route.stops, route.left_out) == ((), (UUID(int=1),))

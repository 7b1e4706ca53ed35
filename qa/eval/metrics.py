"""Figures of ranked lists, and tables of figures."""


def precision(found: list[str], wanted: str, k: int) -> float:
    """The part of the first `k` that has the category that was meant; what was not found counts as wrong."""
    return sum(category == wanted for category in found[:k]) / k


def best_precision(categories: list[str], k: int) -> float:
    """The precision of a perfect ranking, with each item as the query among all the others: a small category cannot fill `k` places."""
    sizes: dict[str, int] = {}
    for category in categories:
        sizes[category] = sizes.get(category, 0) + 1
    return mean(min(sizes[category] - 1, k) / k for category in categories)


def recall(ranks: list[int | None], k: int) -> float:
    """The part of queries of which something right is among the first `k`. `ranks`: of the first right hit, from 0; None: not found."""
    return mean(rank is not None and rank < k for rank in ranks)


def rank(found: list[str], right) -> int | None:
    return next((i for i, id in enumerate(found) if id in right), None)


def reliability(probabilities: list[float], right: list[bool], bins: int = 10) -> tuple[list[list], float]:
    """Rows of a reliability plot: the range, how many, the mean probability, the part that is right; and the expected calibration error."""
    rows, error = [], 0.0
    for n in range(bins):
        of = [i for i, p in enumerate(probabilities) if min(int(p * bins), bins - 1) == n]
        if of:
            says, is_ = mean(probabilities[i] for i in of), mean(right[i] for i in of)
            rows.append([f"{n / bins:g} to {(n + 1) / bins:g}", len(of), says, is_])
            error += len(of) / len(probabilities) * abs(says - is_)
    return rows, error


def mean(values) -> float:
    values = [float(value) for value in values]
    return sum(values) / len(values) if values else float("nan")


def table(head: list[str], rows: list[list]) -> str:
    """Aligned columns, the first to the left."""
    cells = [head] + [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return "\n".join(
        "  ".join(value.ljust(width) if i == 0 else value.rjust(width) for i, (value, width) in enumerate(zip(row, widths))).rstrip()
        for row in cells
    )


def _cell(value) -> str:
    return "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)

"""What the grader makes of replies pasted from the question bank itself: a misconception alone, a key point alone, all key points.

    python benchmarks/pasted_replies.py --corpus corpus --out benchmarks/results/pasted_replies.json

A misconception should make no key point and be called wrong, a key point should make itself and no other, all of them a full reply. Questions of the fifth
that the grader was fitted on (``fitted_on`` below) are counted apart from those it was not.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "training"))

from judge_data import held_out  # noqa: E402

from rag.config import Settings  # noqa: E402
from rag.records import Grade, Language, Question  # noqa: E402
from rag.tutor import Tutor  # noqa: E402

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def grades(tutor: Tutor, question: Question, rng: random.Random) -> dict[str, list[tuple[Grade, int]]]:
    """Grades of the pasted replies to a question, by what was pasted, each with the number of the key point (-1 for none)."""
    out: dict[str, list[tuple[Grade, int]]] = {"misconception": [], "key_point": [], "all_key_points": []}
    for language in LANGUAGES:
        lines = [p.text.in_language(language) for p in question.key_points]
        one = rng.randrange(len(lines))
        out["misconception"] += [(tutor.grade_question(question, m.in_language(language), language), -1) for m in question.misconceptions]
        out["key_point"].append((tutor.grade_question(question, lines[one], language), one))
        out["all_key_points"].append((tutor.grade_question(question, " ".join(lines), language), -1))
    return out


def share(values: Sequence[bool]) -> float:
    """The share that is true."""
    return round(sum(values) / max(1, len(values)), 4)


def figures(found: dict[str, list[tuple[Grade, int]]]) -> dict[str, Any]:
    """What came of each kind of reply."""
    false, single, whole = found["misconception"], found["key_point"], found["all_key_points"]
    return {
        "misconception": {
            "replies": len(false),
            "make_a_key_point": share([any(p.verdict == "hit" for p in g.points) for g, _ in false]),
            "half_make_one": share([any(p.verdict == "partial" for p in g.points) for g, _ in false]),
            "called_wrong": share([bool(g.wrong) for g, _ in false]),
            "above_30": share([g.score > 30 for g, _ in false]),
        },
        "key_point": {
            "replies": len(single),
            "made": share([g.points[n].verdict == "hit" for g, n in single]),
            "others_made": share([p.verdict == "hit" for g, n in single for k, p in enumerate(g.points) if k != n]),
            "called_wrong": share([bool(g.wrong) for g, _ in single]),
        },
        "all_key_points": {
            "replies": len(whole),
            "made": share([p.verdict == "hit" for g, _ in whole for p in g.points]),
            "mean_score": round(statistics.mean(g.score for g, _ in whole), 1),
            "called_wrong": share([bool(g.wrong) for g, _ in whole]),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--questions", type=int, default=60, help="how many, drawn at random with a fixed seed")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "pasted_replies.json")
    args = parser.parse_args()
    tutor = Tutor.open(Settings.load(corpus=args.corpus))
    rng = random.Random(3)
    groups: dict[str, dict[str, list[tuple[Grade, int]]]] = {}
    for question in rng.sample(list(tutor.bank), min(args.questions, len(tutor.bank))):
        group = groups.setdefault("fitted_on" if held_out(question.id) else "not_fitted_on", {})
        for kind, graded in grades(tutor, question, rng).items():
            group.setdefault(kind, []).extend(graded)
    result = {name: figures(found) for name, found in sorted(groups.items())}
    args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()

"""Every index against a brute-force reference, through arbitrary histories of changes."""

from collections.abc import Callable, Iterator

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from recognition.contracts import EmbeddingSpace, VectorIndex
from recognition.errors import DeviceUnavailable, IndexMismatch
from recognition.index import ApproximateIndex, FlatIndex, PersonGallery, TorchIndex

SPACE = EmbeddingSpace("test", "0" * 64, 8, "v1")
WIDE = EmbeddingSpace("test", "0" * 64, 128, "v1")

# The approximate one is exact too where it scores all it holds, as it does in these tests.
INDEXES: dict[str, Callable[[EmbeddingSpace], VectorIndex]] = {
    "flat": FlatIndex,
    "flat, torch for batches": lambda space: FlatIndex(space, batches="torch"),
    "torch f32": lambda space: TorchIndex(space, device="cpu", storage="f32"),
    "torch f16": lambda space: TorchIndex(space, device="cpu", storage="f16"),
    "torch int8": lambda space: TorchIndex(space, device="cpu", storage="int8"),
    "approximate": lambda space: ApproximateIndex(space, trained_from=16),
    "people, fused": lambda space: PersonGallery(space, mode="fused"),
    "people, best of": lambda space: PersonGallery(space, mode="best_of"),
}
every_index = pytest.mark.parametrize("name", INDEXES)


@pytest.fixture(scope="module", autouse=True)
def products_for_small_galleries() -> Iterator[None]:
    """Let torch answer every batch that FlatIndex may give it, however few vectors there are."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("recognition.index.flat._PRODUCT_PAIRS", 1)
        patched.setattr("recognition.index.flat._PRODUCT_PROBES", 2)
        yield


def unit(rows: np.ndarray) -> np.ndarray:
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def made(count: int, *, dimension: int = 128, seed: int = 3) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, dimension)))


# Few distinct vectors, so that ties and replacements are common.
POOL = made(6, dimension=8, seed=7)
IDS = st.sampled_from([f"p{n}" for n in range(9)])
CHANGES = st.lists(
    st.one_of(
        st.tuples(
            st.just("upsert"),
            # one row an id: what an id that comes twice means depends on the index
            st.lists(st.tuples(IDS, st.integers(0, 5)), max_size=6, unique_by=lambda pair: pair[0]),
        ),
        st.tuples(st.just("remove"), st.lists(IDS, max_size=4)),
    ),
    max_size=12,
)


def brute_force(truth: dict[str, np.ndarray], probe: np.ndarray, k: int) -> list[tuple[str, float]]:
    scored = [
        (person, float((v.astype(np.float64) * probe).sum().clip(-1, 1)))
        for person, v in truth.items()
    ]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]


@every_index
@settings(max_examples=40, deadline=None)
@given(changes=CHANGES, k=st.integers(1, 12))
def test_every_history_answers_like_brute_force(name: str, changes: list, k: int) -> None:
    index = INDEXES[name](SPACE)
    truth: dict[str, np.ndarray] = {}
    for action, items in changes:
        if action == "upsert":
            index.upsert([p for p, _ in items], POOL[[row for _, row in items]].reshape(-1, 8))
            truth.update({p: POOL[row] for p, row in items})
        else:
            index.remove(items)
            for person in items:
                truth.pop(person, None)
    assert len(index) == len(truth)
    for probe, found in zip(POOL, index.search(POOL, k=k), strict=True):
        expected = brute_force(truth, probe, k)
        assert [c.person_id for c in found] == [p for p, _ in expected]
        assert [c.score for c in found] == pytest.approx([s for _, s in expected], abs=1e-6)


@every_index
@pytest.mark.parametrize("probes", [1, 50], ids=["one probe", "a batch"])
def test_ties_at_the_edge_of_k_keep_the_lowest_ids(name: str, probes: int) -> None:
    index = INDEXES[name](SPACE)
    index.upsert([f"p{n:03d}" for n in reversed(range(200))], np.repeat(POOL[:1], 200, axis=0))
    for found in index.search(np.repeat(POOL[:1], probes, axis=0), k=3):
        assert [c.person_id for c in found] == ["p000", "p001", "p002"]
        assert found[0].score == found[2].score


# Rows enough for every way through the code: groups, groups of groups, rows left over.
@pytest.mark.parametrize("name", [name for name in INDEXES if name != "approximate"])
@pytest.mark.parametrize("count", [17, 5003])
@pytest.mark.parametrize("probes", [1, 70])
def test_a_random_gallery_agrees_with_numpy_and_with_faiss(
    name: str, count: int, probes: int
) -> None:
    import faiss

    gallery, asked = made(count), made(probes, seed=4)
    index = INDEXES[name](WIDE)
    index.upsert([str(n) for n in range(count)], gallery)
    found = [[int(c.person_id) for c in row] for row in index.search(asked, k=5)]
    assert found == np.argsort(-(asked @ gallery.T), axis=1)[:, :5].tolist()
    flat = faiss.IndexFlatIP(128)
    flat.add(gallery)
    assert found == flat.search(asked, 5)[1].tolist()


@pytest.mark.parametrize("name", ["flat, torch for batches", "torch f32", "torch int8"])
def test_more_candidates_than_groups_are_still_all_found(name: str) -> None:
    gallery, asked = made(4100), made(9, seed=4)
    index = INDEXES[name](WIDE)
    index.upsert([f"{n:04d}" for n in range(4100)], gallery)
    for k in (700, 4100, 9999):
        exact = asked.astype(np.float64) @ gallery.astype(np.float64).T
        for row, scores in zip(index.search(asked, k=k), exact, strict=True):
            assert [int(c.person_id) for c in row] == np.argsort(-scores)[:k].tolist()


@pytest.mark.parametrize("name", ["flat, torch for batches", "torch f16", "torch int8"])
def test_neighbours_closer_than_the_small_type_can_tell_are_ranked_exactly(name: str) -> None:
    # 6,000 vectors within 0.002 of each other: bfloat16 and int8 see them as equal
    random = np.random.default_rng(5)
    gallery = unit(made(1) + 1e-4 * random.normal(size=(6000, 128)))
    asked = unit(made(1) + 0.05 * random.normal(size=(10, 128)))
    index = INDEXES[name](WIDE)
    index.upsert([f"{n:04d}" for n in range(6000)], gallery)
    exact = asked.astype(np.float64) @ gallery.astype(np.float64).T
    for row, scores in zip(index.search(asked, k=5), exact, strict=True):
        assert [c.score for c in row] == pytest.approx(np.sort(scores)[:-6:-1], abs=1e-7)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_and_blocks_change_no_answer_and_leave_torch_its_threads(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    import torch

    gallery, asked = made(3001), made(70, seed=4)  # 375 groups of 8 and a row over
    index = FlatIndex(WIDE, batches="torch")
    index.upsert([f"{n:04d}" for n in range(3001)], gallery)
    monkeypatch.setattr("recognition.index._products._CPU_BLOCK_BYTES", 1 << 16)  # 16 groups
    monkeypatch.setattr("recognition.index._store._SCORED_TOGETHER", 500)  # a few probes' rows
    truth = {f"{n:04d}": vector for n, vector in enumerate(gallery)}
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = index.search(asked, k=3)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for probe, row in zip(asked, found, strict=True):
        assert [(c.person_id, c.score) for c in row] == brute_force(truth, probe, 3)


def test_int8_finds_vectors_that_its_scale_cuts_off() -> None:
    # all of the length in one number: 1.0, where codes end at 0.53
    gallery = np.concatenate([np.eye(128, dtype=np.float32), made(300)])
    index = TorchIndex(WIDE, device="cpu", storage="int8")
    index.upsert([str(n) for n in range(len(gallery))], gallery)
    assert [row[0].person_id for row in index.search(gallery, k=1)] == [
        str(n) for n in range(len(gallery))
    ]


def test_the_same_answers_where_the_process_allows_narrow_float32_products() -> None:
    import torch

    gallery, asked = made(5000), made(20, seed=4)
    index = TorchIndex(WIDE, device="cpu", storage="f32")
    index.upsert([str(n) for n in range(5000)], gallery)
    plain = index.search(asked, k=5)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert index.search(asked, k=5) == plain
    finally:
        torch.set_float32_matmul_precision(before)


@every_index
def test_empty_galleries_batches_and_one_person_are_no_special_cases(name: str) -> None:
    index = INDEXES[name](SPACE)
    for probes in (2, 30):
        assert index.search(np.repeat(POOL[:1], probes, axis=0), k=5) == [()] * probes
    index.upsert([], np.empty((0, 8), np.float32))
    index.upsert(["a"], POOL[:1])
    assert index.search(np.empty((0, 8), np.float32), k=5) == []
    ((only,),) = index.search(POOL[:1], k=5)
    assert (only.person_id, only.score) == ("a", pytest.approx(1.0))
    index.remove(["a", "never there"])
    index.remove([])
    assert (len(index), index.search(POOL[:1], k=5)) == (0, [()])


@pytest.mark.parametrize("name", [name for name in INDEXES if not name.startswith("people")])
def test_of_an_id_that_comes_twice_the_last_vector_counts(name: str) -> None:
    index = INDEXES[name](SPACE)
    index.upsert(["a", "b", "a"], POOL[[0, 1, 2]])
    assert len(index) == 2
    assert index.search(POOL[2:3], k=1)[0][0].person_id == "a"
    index.remove(["a", "a"])
    assert [c.person_id for c in index.search(POOL[2:3], k=5)[0]] == ["b"]


WRONG = {
    "float64": (POOL.astype(np.float64)[:1], "float64"),
    "a list": ([[1.0] + [0.0] * 7], "list"),
    "one row without its axis": (POOL[0], r"shape \(8,\)"),
    "another space's dimension": (np.eye(1, 9, dtype=np.float32), r"shape \(1, 9\)"),
    "NaN": (np.full((1, 8), np.nan, np.float32), "NaN"),
    "infinity": (np.full((1, 8), np.inf, np.float32), "NaN"),
    "so large that its square is infinite": (np.full((1, 8), 3e38, np.float32), "NaN"),
    "not of unit length": (POOL[:1] * 1.01, r"length 1\.0100"),
    "zero": (np.zeros((1, 8), np.float32), r"length 0\.0000"),
}


@every_index
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_vectors_are_refused_and_change_nothing(name: str, wrong: str) -> None:
    vectors, told = WRONG[wrong]
    index = INDEXES[name](SPACE)
    index.upsert(["kept"], POOL[:1])
    with pytest.raises(IndexMismatch, match=told):
        index.upsert(["kept"], vectors)
    with pytest.raises(IndexMismatch, match=told):
        index.search(vectors, k=1)
    assert index.search(POOL[:1], k=1)[0][0].score == pytest.approx(1.0)


@every_index
def test_ids_and_vectors_must_be_as_many(name: str) -> None:
    with pytest.raises(IndexMismatch, match="2 ids came with 1 vectors"):
        INDEXES[name](SPACE).upsert(["a", "b"], POOL[:1])


@every_index
def test_asking_for_nobody_is_a_mistake(name: str) -> None:
    index = INDEXES[name](SPACE)
    index.upsert([f"p{n}" for n in range(6)], POOL)
    with pytest.raises(ValueError, match="k is 0"):
        index.search(POOL[:1], k=0)


@every_index
def test_it_keeps_its_space(name: str) -> None:
    assert INDEXES[name](SPACE).space == SPACE


def test_a_gpu_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match="sees no CUDA device"):
        TorchIndex(SPACE, device="cuda")


@pytest.mark.parametrize("parts", [1, 2, 4])
@pytest.mark.parametrize("probes", [1, 5])
def test_a_scan_in_parts_finds_what_one_scan_finds(
    monkeypatch: pytest.MonkeyPatch, parts: int, probes: int
) -> None:
    vectors = np.concatenate([made(997), made(5)])  # the last five tie with the first
    ids = [f"p{n:04d}" for n in range(len(vectors))]
    whole, parted = FlatIndex(WIDE), FlatIndex(WIDE)
    for index in (whole, parted):
        index.upsert(ids, vectors)
    expected = whole.search(made(probes, seed=11), k=7), whole.search(vectors[:2], k=3)
    monkeypatch.setattr("recognition.index.flat._PARTED_ROWS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: parts)
    found = parted.search(made(probes, seed=11), k=7), parted.search(vectors[:2], k=3)
    assert found == expected

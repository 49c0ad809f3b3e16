"""Scores batches with one MLflow model over a pipe. Started by python-worker.ts, which describes the frames."""

import json
import os
import queue
import signal
import struct
import sys
import threading
import traceback

prefix = struct.Struct("<II")


def main():
    # Prints of the model go to the log: on standard output they would end up between two answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    frames = queue.SimpleQueue()
    # In a thread, so that the end of the parent is seen while a model computes.
    threading.Thread(target=read_frames, args=(requests, frames), daemon=True).start()
    model = None
    while True:
        header, payload = frames.get()
        try:
            if header["kind"] == "load":
                model = LoadedModel(header)
                answer, parts = model.description, []
            else:
                answer, parts = model.score(header, payload)
        except BaseException as error:  # a model may raise SystemExit as well
            traceback.print_exc()
            answer, parts = {"error": {"type": type(error).__name__, "message": str(error)[:4000]}}, []
        answer["residentBytes"] = resident_bytes()
        write_frame(answers, answer, parts)


def read_frames(source, frames):
    while True:
        start = source.read(prefix.size)
        if len(start) < prefix.size:
            end_with_children()
        header_bytes, payload_bytes = prefix.unpack(start)
        header = source.read(header_bytes)
        payload = source.read(payload_bytes)
        if len(header) < header_bytes or len(payload) < payload_bytes:
            end_with_children()
        frames.put((json.loads(header), payload))


def end_with_children():
    """The parent is gone. This process leads its group, so whatever the model started ends too."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def write_frame(target, header, parts):
    text = json.dumps(header).encode()
    target.write(prefix.pack(len(text), sum(len(part) for part in parts)))
    target.write(text)
    for part in parts:
        target.write(part)
    target.flush()


def resident_bytes():
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


class LoadedModel:
    def __init__(self, header):
        import mlflow

        self.fields = header["inputs"]
        self.model = mlflow.pyfunc.load_model(header["folder"])
        metadata = self.model.metadata
        self.tensors = tensors_of(metadata)
        self.positional = names_are_positions(metadata)
        self.classifier = binary_classifier(self.model)
        self.shortcut = False
        rows, failure = self.try_rows(header["folder"])
        if rows is None:
            self.outputs, answer = self.promised(header["outputs"])
        else:
            self.outputs, answer = [(name, kind) for name, kind, _ in rows.columns], rows.answer
        self.description = {
            "outputs": [{"name": name, "type": kind} for name, kind in self.outputs],
            "answer": answer,
            "unscored": failure,
            "python": sys.version.split()[0],
            "mlflow": mlflow.__version__,
        }

    def promised(self, outputs):
        """What the signature says, for a model that scores neither its example nor zeros."""
        named = [(output["name"], output["type"]) for output in outputs]
        if len(named) > 1:
            return named, {"form": "records", "columns": [[name, name] for name, _ in named]}
        if self.classifier is not None:
            named = [("probability", "double"), ("label", named[0][1])]
        return named, {"form": "values", "columns": [[named[-1][0], named[-1][0]]]}

    def try_rows(self, folder):
        """What one row gives: of the example that was logged with the model, or else of zeros."""
        failure = None
        for rows in (self.example(folder), self.zeros()):
            if rows is None:
                continue
            try:
                scored = self.predict(rows, None)
                self.shortcut = self.is_scikit_learn() and self.classifier.agrees(rows, scored.labels)
                return scored, None
            except Exception as error:
                failure = f"{type(error).__name__}: {error}"[:1000]
        return None, failure

    def is_scikit_learn(self):
        """Then nothing stands between MLflow's `predict` and the model's own but the check of types, made already."""
        flavor = self.model.metadata.flavors.get("python_function", {})
        return self.classifier is not None and flavor.get("loader_module") == "mlflow.sklearn"

    def example(self, folder):
        import pandas

        try:
            example = self.model.metadata.load_input_example(folder)
        except Exception:
            return None
        return example.head(1) if isinstance(example, pandas.DataFrame) else None

    def zeros(self):
        texts = json.dumps([[""] * width_of(field) for field in self.fields if field["type"] == "string"]).encode()
        return self.rows_of(1, bytes(8 * self.number_width()) + texts)

    def number_width(self):
        return sum(width_of(field) for field in self.fields if field["type"] != "string")

    def score(self, header, payload):
        rows = self.rows_of(header["rows"], payload, header.get("longs", ()))
        scored = self.predict(rows, header.get("params"))
        return encode(scored.columns, self.outputs, header["rows"])

    def rows_of(self, rows, payload, longs=()):
        """The payload has the numbers as doubles, field after field, exact whole numbers, and the texts as JSON."""
        import numpy
        import pandas

        numeric = [field for field in self.fields if field["type"] != "string"]
        numbers = numpy.frombuffer(payload, dtype="<f8", count=self.number_width() * rows)
        at = numbers.nbytes
        exact = {}
        for place in longs:
            exact[place] = numpy.frombuffer(payload, dtype="<i8", count=width_of(numeric[place]) * rows, offset=at)
            at += exact[place].nbytes
        texts = json.loads(payload[at:] or b"[]")
        start, number, text, columns = 0, 0, 0, []
        for field in self.fields:
            width = width_of(field)
            if field["type"] == "string":
                values = texts[text]
                text += 1
                if not field["required"]:
                    values = [value if value != "" else None for value in values]
            else:
                values = numbers[start : start + rows * width]
                start += rows * width
                whole = exact.get(number)
                number += 1
                is_whole = whole is not None and not numpy.isnan(values).any()
                values = whole if is_whole else number_column(values, field["type"])
            columns.append(shaped(values, rows, field))
        if self.tensors is not None:
            return self.tensors_from(columns, rows)
        names = range(len(columns)) if self.positional else [field["name"] for field in self.fields]
        return pandas.DataFrame(dict(zip(names, columns)))

    def tensors_from(self, columns, rows):
        import numpy

        found, start = {}, 0
        for name, dtype, shape in self.tensors:
            if "shape" in self.fields[start]:
                found[name] = columns[start].astype(dtype)
                start += 1
                continue
            width = shape[1] if len(shape) > 1 else 1
            stacked = numpy.stack([numpy.asarray(column) for column in columns[start : start + width]], axis=1)
            found[name] = stacked.astype(dtype).reshape([rows, *shape[1:]])
            start += width
        return next(iter(found.values())) if list(found) == [None] else found

    def predict(self, rows, params):
        if self.shortcut and not params:
            labels, chances = self.classifier.predict(rows)
            return ScoredRows(labels, len(rows), chances)
        prediction = self.model.predict(rows, params=params) if params else self.model.predict(rows)
        if self.classifier is None or getattr(prediction, "ndim", 0) != 1:
            return ScoredRows(prediction, row_count(rows))
        return ScoredRows(prediction, len(rows), self.classifier.chances(rows))


def tensors_of(metadata):
    """Name, dtype and shape of each input that is a tensor; None when the inputs are columns."""
    schema = metadata.get_input_schema()
    if schema is None or not schema.is_tensor_spec():
        return None
    return [(spec.name, spec.type, spec.shape) for spec in schema.inputs]


def names_are_positions(metadata):
    schema = metadata.get_input_schema()
    return schema is not None and not schema.has_input_names()


class BinaryClassifier:
    """The classifier within a model that answers with labels: gates and monitors need the chance as well."""

    def __init__(self, raw):
        self.raw = raw
        # The columns of a pipeline are prepared once for both answers, as its own `predict` would prepare them.
        steps = getattr(raw, "steps", None)
        whole = type(raw).__module__.startswith("sklearn.pipeline") and steps is not None and len(steps) > 1
        self.prepare, self.last = (raw[:-1].transform, raw[-1]) if whole else (None, raw)

    def predict(self, rows):
        features = rows if self.prepare is None else self.prepare(rows)
        return self.last.predict(features), self.last.predict_proba(features)[:, 1]

    def chances(self, rows):
        return self.last.predict_proba(rows if self.prepare is None else self.prepare(rows))[:, 1]

    def agrees(self, rows, labels):
        try:
            return bool((self.predict(rows)[0] == labels).all())
        except Exception:
            return False


def binary_classifier(model):
    flavor = model.metadata.flavors.get("python_function", {})
    if flavor.get("predict_fn", "predict") != "predict":
        return None
    try:
        raw = model.get_raw_model()
        found = hasattr(raw, "predict_proba") and len(raw.classes_) == 2
    except Exception:
        return None
    return BinaryClassifier(raw) if found else None


def width_of(field):
    width = 1
    for size in field.get("shape", ()):
        width *= size
    return width


def shaped(values, rows, field):
    """A field with a shape is an array [rows, *shape]; any other a column."""
    import numpy

    if "shape" not in field:
        return values
    return numpy.asarray(values).reshape([rows, *field["shape"]])


def number_column(values, kind):
    import numpy

    if kind in ("integer", "long"):
        # A whole number that is missing has no form in NumPy; MLflow's own check says so to whoever sends it.
        if numpy.isnan(values).any():
            return values
        return values.astype("int32" if kind == "integer" else "int64")
    if kind == "boolean":
        if numpy.isnan(values).any():
            return numpy.array([None if value != value else bool(value) for value in values], dtype=object)
        return values.astype(bool)
    if kind == "datetime":
        missing = numpy.isnan(values)
        times = numpy.where(missing, 0, values).astype("int64").astype("datetime64[ms]").astype("datetime64[ns]")
        times[missing] = numpy.datetime64("NaT")
        return times
    return values.astype("float32") if kind == "float" else values


def row_count(rows):
    return len(next(iter(rows.values()))) if isinstance(rows, dict) else len(rows)


class ScoredRows:
    """A prediction as named columns, each [rows] or [rows, width], and how MLflow's scoring server would answer it."""

    def __init__(self, prediction, rows, chances=None):
        import numpy
        import pandas

        self.rows = rows
        self.labels = prediction
        self.columns = []
        if isinstance(prediction, list) and prediction and all(isinstance(one, dict) for one in prediction):
            prediction = pandas.DataFrame(prediction)
        if isinstance(prediction, pandas.DataFrame):
            names = [self.add(str(name), prediction.iloc[:, at]) for at, name in enumerate(prediction.columns)]
            self.answer = {"form": "records", "columns": [[name, name] for name in names]}
        elif chances is not None:
            self.add("probability", chances)
            self.add("label", prediction)
            self.answer = {"form": "values", "columns": [["label", "label"]]}
        elif isinstance(prediction, pandas.Series):
            shown = "0" if prediction.name is None else str(prediction.name)
            name = self.add("prediction" if prediction.name is None else shown, prediction)
            self.answer = {"form": "records", "columns": [[shown, name]]}
        elif isinstance(prediction, dict):
            names = [self.add(str(name), values) for name, values in prediction.items()]
            self.answer = {"form": "columns", "columns": [[name, name] for name in names]}
        else:
            values = numpy.asarray(prediction)
            if values.ndim == 2 and values.shape[1] == 2 and values.dtype.kind == "f" and sums_to_one(values):
                self.add("probability", values[:, 1])
            self.add("prediction", prediction)
            self.answer = {"form": "values", "columns": [["prediction", "prediction"]]}

    def add(self, name, values):
        import numpy

        values = numpy.asarray(values)
        if values.ndim == 0:
            values = values.reshape(1)
        if len(values) != self.rows:
            raise ValueError(f"the model gave {len(values)} predictions for {self.rows} rows")
        kind, values = typed(values.reshape(self.rows, -1) if values.ndim > 1 else values)
        self.columns.append((name, kind, values))
        return name


def sums_to_one(values):
    import numpy

    return bool(numpy.all(numpy.abs(values.sum(axis=1) - 1) < 1e-4))


def typed(values):
    """The type of a signature that holds the values, and the values as NumPy numbers or a list of texts."""
    import numpy

    kind = values.dtype.kind
    if kind == "b":
        return "boolean", values
    if kind in "iu":
        return ("integer" if values.dtype.itemsize < 4 or values.dtype == numpy.int32 else "long"), values
    if kind == "f":
        return ("double" if values.dtype.itemsize > 4 else "float"), values
    if kind == "O" and all(value is None or isinstance(value, (int, float)) for value in values.flat):
        return "double", values.astype(float)
    return "string", values


def text_of(value):
    import numpy

    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, numpy.datetime64):
        return str(value)
    if isinstance(value, numpy.generic):
        return str(value.item())
    return value.isoformat() if hasattr(value, "isoformat") else json.dumps(value, default=str)


def encode(columns, outputs, rows):
    """Header and payload of an answer: per output its doubles, row after row, or its texts as JSON."""
    import numpy

    found = {name: (kind, values) for name, kind, values in columns}
    described, parts = [], []
    for name, wanted in outputs:
        if name not in found:
            raise ValueError(f'the model gave {", ".join(found)} this time, and no "{name}"')
        _, values = found[name]
        width = values.shape[1] if values.ndim > 1 else 1
        exact = wanted == "long" and values.dtype.kind in "iu" and bool((numpy.abs(values) > 2**53).any())
        if wanted == "string":
            part = json.dumps([text_of(value) for value in values.flat]).encode()
        elif exact:
            part = numpy.ascontiguousarray(values, dtype="<i8").tobytes()
        else:
            part = numpy.ascontiguousarray(values, dtype="<f8").tobytes()
        described.append({"name": name, "type": wanted, "width": width, "bytes": len(part), "exact": exact})
        parts.append(part)
    return {"rows": rows, "outputs": described}, parts


main()

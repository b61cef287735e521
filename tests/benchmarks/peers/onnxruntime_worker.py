"""ONNX Runtime's side of the benchmark, a worker (serving.py): inference in f32, all optimisations of the graph."""
import os
import tempfile
import time
import warnings

import onnxruntime
import torch

import serving
from reference import settled_network


def session_of(network, images, threads):
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    settings.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.onnx")
        torch.onnx.export(network, (torch.from_numpy(images),), path, dynamo=False, input_names=["images"])
        return onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])


def main():
    warnings.filterwarnings("ignore")  # that there is a newer exporter
    options = serving.parser(__doc__).parse_args()
    started, at_rest = time.perf_counter(), serving.resident_bytes()
    images, expected = serving.images_and_logits(options.reference, options.batch)
    network = settled_network(options.model, serving.reference_images(options.reference))
    session = session_of(network, images, options.threads)
    del network

    def step():
        return session.run(None, {"images": images})[0]

    found = serving.difference(step(), expected)
    for _ in range(3):
        step()
    serving.forget_peak_memory()
    serving.answer(ready_seconds=time.perf_counter() - started, at_rest_bytes=at_rest, difference=found)
    serving.serve(step)


if __name__ == "__main__":
    main()

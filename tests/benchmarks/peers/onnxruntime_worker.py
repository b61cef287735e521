"""ONNX Runtime's side of the benchmark, a worker (serving.py): inference in f32, all optimisations of the graph."""
import time

import onnxruntime

import serving


def session_of(path, threads):
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    settings.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])


def main():
    options = serving.parser(__doc__).parse_args()
    started, at_rest = time.perf_counter(), serving.resident_bytes()
    images, expected = serving.images_and_logits(options.reference, options.batch)
    session = session_of(options.onnx, options.threads)

    def step():
        return session.run(None, {"images": images})[0]

    found = serving.difference(step(), expected)
    for _ in range(serving.warm_ups(options.device)):
        step()
    serving.forget_peak_memory()
    serving.answer(ready_seconds=time.perf_counter() - started, at_rest_bytes=at_rest, difference=found)
    serving.serve(step)


if __name__ == "__main__":
    main()

"""OpenVINO's side of the benchmark, a worker (serving.py): inference in f32, for latency or for throughput."""
import time

import openvino

import serving


def main():
    parser = serving.parser(__doc__)
    parser.add_argument("--hint", required=True, choices=["LATENCY", "THROUGHPUT"])
    options = parser.parse_args()
    started, at_rest = time.perf_counter(), serving.resident_bytes()
    images, expected = serving.images_and_logits(options.reference, options.batch)
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": options.hint}
    if options.threads:
        settings["INFERENCE_NUM_THREADS"] = options.threads
    compiled = openvino.compile_model(options.onnx, "CPU", settings)
    streams = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
    requests = [compiled.create_infer_request() for _ in range(streams)]

    def step():  # as many batches at once as it wants; one, for latency
        for request in requests:
            request.start_async([images], share_inputs=True)
        for request in requests:
            request.wait()

    step()
    found = serving.difference(requests[-1].get_output_tensor(0).data, expected)
    for _ in range(serving.warm_ups(options.device)):
        step()
    serving.forget_peak_memory()
    serving.answer(ready_seconds=time.perf_counter() - started, at_rest_bytes=at_rest, difference=found,
                   batches_at_once=streams)
    serving.serve(step, batches_a_step=streams)


if __name__ == "__main__":
    main()

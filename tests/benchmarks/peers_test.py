#!/usr/bin/env python3
"""peers.py as far as it goes without another program: which rows it measures, what it makes of programs that answer,
differ, fail or take too long (here shell scripts), ratios and tables. Needs nothing but Python."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [FOLDER, os.path.join(FOLDER, "peers")]

import environment  # noqa: E402
import peers  # noqa: E402  (the script, not the folder)
import steps  # noqa: E402
import summary  # noqa: E402
import table  # noqa: E402
from programs import GROUPS, environment_of  # noqa: E402
from results import Results, median, ratio_of, spread  # noqa: E402
from rounds import finalists, measure_rows  # noqa: E402

ROW = {"model": "vgg16", "what": "infer", "precision": "f32", "instructions": "all", "size": 224, "batch": 8,
       "threads": 2}


def turns(*milliseconds, **more):
    """A program's turns in the rounds of a row."""
    return {"milliseconds": list(milliseconds), "peak_bytes": 2**30, **more}


def speed(programs, **more):
    return {"kind": "speed", **ROW, "tried": sorted(set(programs) - {"falx"}), "programs": programs, **more}


def trial(program, *milliseconds, **more):
    return {"kind": "trial", **ROW, "program": program, **turns(*milliseconds), **more}


class Arguments(unittest.TestCase):
    def rows(self, *arguments):
        return list(peers.rows(peers.parse(arguments)))

    def test_quick_is_batch_8_of_every_network(self):
        keys = [key for key, _ in self.rows("--quick")]
        self.assertEqual({key["batch"] for key in keys}, {8})
        self.assertEqual({(key["model"], key["size"]) for key in keys},
                         {("cnn", 256), ("cnn-2019", 224), ("densenet121", 224), ("vgg16", 224)})
        self.assertEqual({(key["model"], key["what"]) for key in keys if key["instructions"] == "avx2"},
                         {(model, what) for model in ["densenet121", "vgg16"] for what in ["infer", "train"]})

    def test_default_is_three_batches_and_two_sizes(self):
        keys = [key for key, _ in self.rows("--instructions", "all")]
        self.assertEqual(len(keys), 4 * 2 * 3 * 2)
        self.assertEqual({(key["batch"], key["size"]) for key in keys},
                         {(batch, size) for batch in [1, 8, 32] for size in [224, 256]})

    def test_a_row_can_be_named_alone(self):
        rows = self.rows("--model", "cnn", "--what", "train", "--batch", "4", "--size", "96", "--program", "eager")
        self.assertEqual([(key["model"], key["batch"], key["size"], programs) for key, programs in rows],
                         [("cnn", 4, 96, ["eager"])])

    def test_what_cannot_train_is_left_out_of_training(self):
        rows = self.rows("--model", "cnn", "--batch", "8", "--size", "96")
        programs = {key["what"]: programs for key, programs in rows}
        self.assertEqual(set(programs["infer"]) - set(programs["train"]),
                         {"freezing", "freezing-contiguous", "freezing-max-autotune", "torchscript",
                          "torchscript-contiguous", "openvino-latency", "openvino-throughput", "onnxruntime"})

    def test_with_avx2_alone_only_pytorch_is_measured(self):
        for _, programs in self.rows("--instructions", "avx2", "--quick"):
            self.assertFalse({"openvino-latency", "onnxruntime"} & set(programs))

    def test_wrong_usage_ends_with_2(self):
        for arguments in [["--model", "resnet"], ["--what", "play"], ["--program", "caffe"], ["--batch", "many"]]:
            with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit) as end:
                peers.parse(arguments)
            self.assertEqual(end.exception.code, 2)

    def test_without_the_program_it_says_so_in_a_line(self):
        result = subprocess.run([sys.executable, os.path.join(FOLDER, "peers.py"), "--falx", "/nowhere/falx"],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(result.stderr.splitlines()), 1)
        self.assertIn("/nowhere/falx is missing", result.stderr)


class Arithmetic(unittest.TestCase):
    def test_median_and_spread(self):
        self.assertEqual(median([3, 1, 2]), 2)
        self.assertEqual(median([4, 1, 2, 3]), 2.5)
        self.assertEqual(spread([9, 10, 12]), 0.3)

    def test_the_ratio_is_of_medians_over_the_rounds(self):
        self.assertEqual(ratio_of(turns(30, 50, 40), turns(10, 30, 20)), 2)

    def test_without_a_number_there_is_no_ratio(self):
        self.assertIsNone(ratio_of(turns(30), turns()))
        self.assertIsNone(ratio_of(turns(30), turns(10, failed="ended with 1")))
        self.assertIsNone(ratio_of(turns(30, failed="answers differ"), turns(10)))
        self.assertIsNone(ratio_of({}, turns(10)))

    def test_the_fastest_setting_stands_for_its_program(self):
        row = speed({"falx": turns(10), "eager": turns(40, 20, 30), "compile": turns(25, 15, 35),
                     "freezing": turns(5, failed="answers differ"), "onnxruntime": turns(15)})
        self.assertEqual(table.fastest(row, GROUPS["PyTorch"]), "compile")
        self.assertEqual(table.fastest(row, GROUPS["OpenVINO, ONNX Runtime"]), "onnxruntime")
        self.assertIsNone(table.fastest(row, ["openvino-latency"]))

    def test_share_of_the_peak(self):
        facts = {"work": {("vgg16", 224): {"multiply_adds": 1e9}}, "peaks": {"all": 100}}
        row = {"falx": turns(100)}
        # 8 images, 2 operations a multiply-add, in 0.1 s, on two threads of 100 GF/s
        self.assertAlmostEqual(table.share_of_peak(speed(row), facts), 0.8)
        self.assertAlmostEqual(table.share_of_peak(speed(row, what="train"), facts), 2.4)
        self.assertIsNone(table.share_of_peak(speed(row, instructions="avx2"), facts))

    def test_the_fastest_of_each_group_go_on(self):
        trials = {r["program"]: r for r in [trial("eager", 12), trial("compile", 10), trial("freezing", 11),
                                            trial("torchscript", failed="no such operator"),
                                            trial("onnxruntime", 5), trial("openvino-latency", 8)]}
        self.assertEqual(finalists(trials, 2), ["compile", "freezing", "onnxruntime"])
        self.assertEqual(finalists(trials, 3), ["compile", "freezing", "eager", "onnxruntime"])
        self.assertEqual(finalists({}, 2), [])

    def test_every_step_is_timed_alone(self):
        durations = iter([0.05, 0.001, 0.001])
        times = steps.measure(lambda: time.sleep(next(durations)), seconds=0)
        self.assertEqual(len(times), 3)
        self.assertGreaterEqual(times[0], 50)
        self.assertLess(median(times), 50)


class Tables(unittest.TestCase):
    records = [{"kind": "machine", "date": "2026-01-02", "device": "a CPU", "threads": 2, "torch": "9.1",
                "peaks": {"all": 100}, "command": "peers.py"},
               {"kind": "agreement", "model": "vgg16", "precision": "f32", "instructions": "all", "size": 224,
                "agrees": True, "difference": 2e-6, "multiply_adds": 1e9},
               trial("eager", 310), trial("compile", 260), trial("freezing", 900),
               trial("openvino-latency", failed="answers differ by 1.0e-02 of the largest"),
               speed({"falx": turns(100, 104, 96, peak_bytes=2**29), "eager": turns(300, 300, 300),
                      "compile": turns(250, 240, 260, at_rest_bytes=2**28)})]

    def test_a_row_beside_the_fastest(self):
        header, _, row = table.table_of(self.records, "infer").splitlines()
        cells = dict(zip(header.strip("| ").split(" | "), row.strip("| ").split(" | ")))
        self.assertEqual(cells["Falx images/s"], "80 ± 4 %")
        self.assertEqual(cells["of peak"], "80 %")
        self.assertEqual(cells["PyTorch images/s"], "32 ± 4 % (compile)")
        self.assertEqual(cells["PyTorch MiB"], "1024")
        self.assertEqual(cells["of it"], "50 %")
        self.assertEqual(cells["at rest"], "256")
        self.assertEqual(cells["of it above rest"], "67 %")
        self.assertEqual(cells["Falx / PyTorch"], "**2.50**")

    def test_a_failure_stands_where_the_number_would(self):
        row = table.table_of(self.records, "infer").splitlines()[-1]
        self.assertIn("answers differ by 1.0e-02 of the largest", row)

    def test_training_has_a_table_of_its_own(self):
        self.assertEqual(table.table_of(self.records, "train"), "")
        records = self.records + [speed({"falx": turns(200)}, what="train")]
        self.assertEqual(len(table.table_of(records, "train").splitlines()), 3)
        self.assertIn("Training step:", summary.text_of(records))

    def test_a_document_gets_the_table_between_its_marks(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "README.md")
            with open(path, "w") as file:
                file.write("before\n%s\nold\n%s\nafter\n" % peers.MARKS)
            peers.write_into(path, "new")
            with open(path) as file:
                self.assertEqual(file.read(), "before\n%s\n\nnew\n\n%s\nafter\n" % peers.MARKS)

    def test_a_document_without_marks_is_left_alone(self):
        with tempfile.NamedTemporaryFile("w+") as file, self.assertRaises(SystemExit):
            peers.write_into(file.name, "new")

    def test_what_a_document_shows(self):
        text = summary.paragraph_of(self.records)
        self.assertIn("a CPU, 2 threads, 2026-01-02: torch 9.1; multiply-add peak of a thread, all instructions: "
                      "100 GF/s.", " ".join(text.split()))
        self.assertIn("at most 2e-06 of the largest", text)
        self.assertLessEqual(max(len(line) for line in text.splitlines() if not line.startswith("|")), 120)

    def test_every_setting_has_a_row(self):
        text = table.table_of_settings(self.records)
        self.assertEqual(len(text.splitlines()), 2 + 5)
        self.assertRegex(text, r"eager \| 3 \| 26.7 ± 0 % \| 1024 \|  \| 3.00 \|")
        self.assertRegex(text, r"freezing \| 1 \| 8.89 \| 1024 \|  \|  \|")

    def test_the_head_says_what_was_measured(self):
        text = summary.text_of(self.records)
        for words in ["a CPU, 2 threads, 2026-01-02: torch 9.1", "    peers.py",
                      "multiply-add peak of a thread, all instructions: 100 GF/s",
                      "vgg16, f32, 224 pixels: largest difference of logits from PyTorch's, over the largest: 2.0e-06"]:
            self.assertIn(words, text)


class Measuring(unittest.TestCase):
    """With scripts for programs: falx takes 10 ms a step, the others 25."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.falx_log, self.path = self.file("falx.log"), self.file("results.jsonl")
        falx = self.program("falx", "echo \"$FALX_CPU $*\" >>%s\n"
                            "echo '{\"milliseconds\": 10, \"peak_bytes\": 1000}'" % self.falx_log)
        self.options = peers.parse(["--falx", falx, "--rounds", "2", "--seconds", "0.5"])
        self.options.python = self.fake_python()
        self.results = Results(self.path)
        self.results.add({"kind": "machine", "device": "a CPU"})

    def file(self, name):
        return os.path.join(self.folder, name)

    def program(self, name, commands):
        with open(self.file(name), "w") as file:
            file.write("#!/bin/sh\n%s\n" % commands)
        os.chmod(self.file(name), 0o755)
        return self.file(name)

    def fake_python(self, falx_differs="1e-6", step="25", worker="echo '{\"ready_seconds\": 1, \"difference\": 1e-6}'"):
        return self.program("python", """case $1 in
  *reference.py) echo '{"multiply_adds": 1000, "forward": 1, "backward": 1, "parameters": 1, "difference": %s}' ;;
  *) echo started >>%s; %s
     while read -r line; do echo '{"milliseconds": [24, %s, 46], "peak_bytes": 5000}'; done ;;
esac""" % (falx_differs, self.file("started"), worker, step))

    def measure(self, programs=("eager",), **more):
        with contextlib.redirect_stdout(io.StringIO()) as self.said:
            return measure_rows(self.options, [({**ROW, **more}, list(programs))], self.results)

    def rounds(self):
        return Results(self.path).last(kind="speed")["programs"]

    def test_programs_take_turns(self):
        self.assertEqual(self.measure(), [])
        self.assertEqual(self.results.last(kind="trial")["milliseconds"], [25])
        self.assertEqual(self.rounds()["eager"]["milliseconds"], [25, 25])
        self.assertEqual(self.rounds()["eager"]["peak_bytes"], 5000)
        self.assertEqual(self.rounds()["falx"]["milliseconds"], [10, 10])
        with open(self.falx_log) as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), 2)
        for option in ["--model vgg16", "--what infer", "--batch 8", "--size 224", "--threads 2", "--seconds 0.5"]:
            self.assertIn(option, lines[0])

    def test_avx2_is_told_to_falx(self):
        self.measure(instructions="avx2")
        with open(self.falx_log) as file:
            self.assertTrue(file.readline().startswith("avx2 "))

    def test_workers_keep_what_they_free_in_huge_pages(self):
        self.assertEqual(environment_of(ROW, "eager")["GLIBC_TUNABLES"], "glibc.malloc.hugetlb=1")
        self.assertEqual(environment_of(ROW), dict(os.environ))

    def test_the_same_command_measures_nothing_twice(self):
        self.measure()
        self.measure()
        self.assertEqual([r["kind"] for r in Results(self.path).records], ["machine", "agreement", "trial", "speed"])

    def test_another_setting_is_tried_and_all_take_their_turns_again(self):
        self.measure()
        self.measure(["eager", "compile"])
        self.assertEqual([r["program"] for r in self.results.records if r["kind"] == "trial"], ["eager", "compile"])
        self.assertEqual(sorted(self.rounds()), ["compile", "eager", "falx"])
        self.assertEqual({len(entry["milliseconds"]) for entry in self.rounds().values()}, {2})

    def test_a_program_is_started_once(self):
        self.measure(["eager", "compile"])
        with open(self.file("started")) as file:
            self.assertEqual(len(file.read().split()), 2)

    def test_no_number_for_falx_where_its_answers_differ(self):
        self.options.python = self.fake_python(falx_differs="0.01")
        self.assertEqual(self.measure(), ["vgg16 f32 224 all"])
        self.assertIsNone(self.results.last(kind="trial"))
        self.assertIsNone(self.results.last(kind="speed"))
        self.assertIn("logits differ by 1.0e-02 of the largest", self.said.getvalue())

    def test_no_number_for_a_program_whose_answers_differ(self):
        self.options.python = self.fake_python(worker="echo '{\"difference\": 0.5}'")
        self.assertEqual(self.measure(), [])
        record = self.results.last(program="eager")
        self.assertEqual(record["failed"], "answers differ by 5.0e-01 of the largest")
        self.assertEqual(record["milliseconds"], [])
        self.assertEqual(self.rounds(), {"falx": {"milliseconds": [10, 10], "peak_bytes": 1000}})

    def test_no_number_for_a_program_whose_answers_are_no_numbers(self):
        self.options.python = self.fake_python(worker="echo '{\"difference\": NaN}'")
        self.measure()
        self.assertEqual(self.results.last(program="eager")["failed"], "answers differ by nan of the largest")
        self.assertEqual(sorted(self.rounds()), ["falx"])

    def test_a_program_that_fails_says_why(self):
        self.options.python = self.fake_python(worker="echo 'no such operator' >&2; exit 1")
        self.measure()
        self.assertEqual(self.results.last(program="eager")["failed"], "no such operator")

    def test_what_takes_too_long_is_given_up(self):
        self.options.python = self.fake_python(worker="exec sleep 60")
        self.options.budget = 5  # two starts of a program before it take far less than the tenth that is allowed
        self.measure()
        self.assertEqual(self.results.last(program="eager")["failed"], "took longer than 5 s")

    def test_a_setting_that_cannot_win_gets_its_trial_alone(self):
        self.measure(["eager"])
        self.options.python = self.fake_python(step="40")
        self.measure(["eager", "freezing", "onnxruntime"])
        self.assertEqual(self.results.last(program="freezing")["milliseconds"], [40])
        self.assertEqual(sorted(self.rounds()), ["eager", "falx", "onnxruntime"])

    def test_what_fails_in_the_rounds_says_why(self):
        self.options.python = self.program("python", """case $1 in
  *reference.py) echo '{"multiply_adds": 1, "forward": 1, "backward": 1, "parameters": 1, "difference": 1e-6}' ;;
  *) echo '{"difference": 1e-6}'; read -r line; echo '{"milliseconds": [25], "peak_bytes": 5000}'; read -r line
     echo 'out of memory' >&2; exit 1 ;;
esac""")
        self.measure()
        self.assertEqual(self.rounds()["eager"]["failed"], "out of memory")
        self.assertEqual(self.rounds()["falx"]["milliseconds"], [10, 10])

    def test_what_has_ended_before_its_turn_says_why(self):
        self.options.python = self.program("python", """case $1 in
  *reference.py) echo '{"multiply_adds": 1, "forward": 1, "backward": 1, "parameters": 1, "difference": 1e-6}' ;;
  *) echo '{"difference": 1e-6}'; read -r line; echo '{"milliseconds": [25], "peak_bytes": 5000}'
     echo 'killed' >&2; exit 1 ;;
esac""")
        falx = self.program("slow", "sleep 0.3; echo '{\"milliseconds\": 10, \"peak_bytes\": 1000}'")
        self.options.falx = falx  # its turn comes first: by then the other has ended
        self.assertEqual(self.measure(), [])
        self.assertEqual(self.rounds()["eager"]["failed"], "killed")
        self.assertEqual(self.rounds()["falx"]["milliseconds"], [10, 10])

    def test_without_a_reference_the_row_is_left(self):
        self.results.add({"kind": "agreement", "agrees": True, **{n: ROW[n] for n in
                          ["model", "precision", "size", "instructions"]}})
        self.options.python = self.program("python", "echo 'cannot export' >&2; exit 1")
        self.measure()
        self.assertIn("no reference: cannot export", self.said.getvalue())
        self.assertIn("1 rows are left", self.said.getvalue())

    def test_after_the_budget_nothing_is_begun(self):
        self.options.budget = 0
        self.measure(["eager", "compile"])
        self.assertEqual(len(self.results.records), 1)
        self.assertIn("1 rows are left", self.said.getvalue())


class Environment(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.mkdir(os.path.join(self.folder, "bin"))

    def python(self, commands):
        path = os.path.join(self.folder, "bin", "python")
        with open(path, "w") as file:
            file.write("#!/bin/sh\n%s\n" % commands)
        os.chmod(path, 0o755)
        return path

    def test_what_is_there_is_used_again(self):
        path = self.python("[ \"$1\" = -c ] && echo 'torch 9.1' || exit 7")
        self.assertEqual(environment.interpreter(self.folder, ["torch"]), path)
        self.assertEqual(environment.versions(path, ["torch", "onnx"]), {"torch": "9.1", "onnx": "missing"})

    def test_a_network_that_is_missing_is_a_line(self):
        self.python("[ \"$1\" = -c ] || { echo 'no route to host' >&2; exit 1; }")
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(RuntimeError) as error:
            environment.interpreter(self.folder, ["onnx"])
        self.assertEqual(str(error.exception), "cannot install onnx (is there a network?): no route to host")

    def test_pytorch_for_the_cpu_alone_is_preferred(self):
        asked = os.path.join(self.folder, "asked")
        self.python("case \"$*\" in *index*) echo 'Available versions: 9.2+cpu, 9.1+cpu' ;;\n"
                    "*install*) echo \"$*\" >%s ;; esac" % asked)
        with contextlib.redirect_stderr(io.StringIO()):
            environment.interpreter(self.folder, ["torch"])
        with open(asked) as file:
            self.assertIn("torch==9.2+cpu", file.read())


if __name__ == "__main__":
    unittest.main()

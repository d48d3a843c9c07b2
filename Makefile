# make TASK [ARGS="..."]: each task is one `cargo xtask ...`; the logic is in xtask/.
TASKS := check test gen bench oracle demo fuzz miri loom tsan properties mutants ci clean doctor
export PATH := $(PATH):$(HOME)/.cargo/bin
.DEFAULT_GOAL := help
.PHONY: help install cargo $(TASKS)

help: cargo
	@cargo xtask help
$(TASKS): cargo
	@cargo xtask $@ $(ARGS)
install: cargo
	@cargo xtask install $(or $(PREFIX),/usr/local)
cargo:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs, then run make again" >&2; exit 1; }
	@cargo --version >/dev/null 2>&1 || rustup toolchain install

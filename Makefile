# The Low-Carbon Trade Warehouse. A fresh machine needs Python 3.11 or newer, git and make.
#   make run                                  a synthetic world, offline, no key
#   make run SOURCE=files LANDING=folder      the publishers' files in a folder
#   make run SOURCE=api LCT_BACI=zip,zip      real data without a key: BACI and the World Bank
#   make run SOURCE=api                       the publishers' interfaces,
#                                             with COMTRADE_API_KEY from the environment or .env
#   make run FULL=1                           everything built again, whether or not it is new
#   make check                                the quick loop: lint and quick tests
#   make test                                 every test, and what of the code they cover

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 \
	|| command -v python3)
BIN := .venv/bin
# lct by its module, which also starts where the folder was moved since it was set up
LCT = $(BIN)/python -m orchestration.cli
PIP_COMPILE = $(BIN)/pip-compile --quiet --no-strip-extras --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	--allow-unsafe --generate-hashes
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Settings reach the programs as exported variables, to the letter. Neither make nor a shell reads
# their text: a command in it is not run, and quotes, blanks, $ and backslashes stand for
# themselves. Make would expand what is given on its command line; `value` takes it as it is.
$(foreach name,$(filter SOURCE LANDING FULL PUBLICATION COMTRADE_API_KEY LCT_% BENCH_%,\
	$(.VARIABLES)),$(if \
	$(findstring command line,$(origin $(name))),$(eval \
	override $(name) := $$(value $(name)))$(eval export $(name))))
ifneq ($(value SOURCE),)
run dev verify: export LCT_SOURCE := $(value SOURCE)
endif
ifneq ($(value LANDING),)
run dev verify: export LCT_LANDING := $(value LANDING)
endif
ifneq ($(filter-out 0 false no,$(value FULL)),)
run: export LCT_FULL := true
endif

.PHONY: run test coverage check soak dev lint bench bench-full restore verify truth settings contracts \
	requirements spark spark-cluster clean
.DELETE_ON_ERROR:

run: .venv/ready
	@$(LCT) run

# threads of BLAS would wait for those of the other workers
test: export OPENBLAS_NUM_THREADS := 1
test: .venv/ready-to-test
	@$(BIN)/python -m pytest -n auto --dist load --maxschedchunk 1 --durations 12 $(COVERAGE)

# every test, and how much of the code they cover: the floor is in pyproject.toml. Measuring takes
# a third of their time.
coverage:
	@$(MAKE) test COVERAGE="--cov --cov-report term"

# lint, dbt's parse and unit tests, and the quick ones of tests/unit: no pipeline, no browser
check: lint
	@$(BIN)/python -m pytest -n auto --dist loadfile -m 'not slow' tests/unit

# thirty refreshes in a row, some killed, under constant reading (about half an hour)
soak: .venv/ready-to-test
	@LCT_SOAK_REFRESHES=30 $(BIN)/python -m pytest tests/endurance/test_soak.py --capture no

dev: .venv/ready
	@$(LCT) dev

# the same commands as in .pre-commit-config.yaml: a test
lint: .venv/ready-to-test
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/sqlfmt --quiet --no-progressbar --check dbt_project orchestration tests/data
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# how fast, how much memory, against what: docs/performance.md (hours at BENCH_ROWS="1e6 10e6 100e6",
# the default; BENCH_DIR is the folder of its data, data/bench)
bench: .venv/ready-to-test
	@$(BIN)/python -m benchmarks

# the same and once as many rows as BACI has
bench-full: export BENCH_ROWS := 1e6 10e6 100e6 269e6
bench-full: .venv/ready-to-test
	@$(BIN)/python -m benchmarks

# back to the publication before the current one, or to PUBLICATION=000012
restore: .venv/ready
	@$(LCT) restore -- $${PUBLICATION:+"$$PUBLICATION"}

# everything landed, loaded and published, against what is recorded; heals what it can
verify: .venv/ready
	@$(LCT) verify

# the models and data tests on Spark (LCT_SPARK_MASTER) over the Parquet of the last run, and their
# results beside DuckDB's; needs Java 17
spark: .venv-spark/ready
	@.venv-spark/bin/python -m orchestration.cli spark

# the same on a master and two workers, started on this machine for the time of the run
spark-cluster: .venv-spark/ready
	@.venv-spark/bin/python -m orchestration.cli spark --cluster

# the planted coefficients of the synthetic world and the truth to recover, from many worlds; how
# gravity recovers that of its own (about eight minutes)
truth: .venv/ready
	@$(BIN)/python -c 'from orchestration.sources.synthetic.truth import main; main()'
	@$(BIN)/python -c 'from orchestration.sources.synthetic.totals import main; main()'
	@$(BIN)/python -c 'from orchestration.sources.synthetic.gravity_recovery import main; main()'

# .env.example, from the table of settings
settings: .venv/ready
	@$(BIN)/python -m orchestration.settings

contracts: .venv/ready
	@$(BIN)/python dbt_project/generate_panel_contract.py

# pinned versions and the checksums of their files, without index URLs, from pyproject.toml
requirements: .venv/ready-to-test
	@$(BIN)/pip install --quiet pip-tools
	@$(PIP_COMPILE) --build-deps-for editable --output-file requirements.txt pyproject.toml
	@$(PIP_COMPILE) --build-deps-for editable --extra test --output-file requirements-test.txt \
		pyproject.toml
	@$(PIP_COMPILE) --output-file requirements-spark.txt requirements-spark.in

# removes what runs produce in the data folder, never what has landed, and only from a folder that
# runs have used: its name may be mistyped
clean:
	rm -rf .venv .venv-spark target logs .pytest_cache .ruff_cache .mypy_cache .import_linter_cache \
		.hypothesis .coverage .coverage.*
	@folder=$${LCT_DATA_DIR:-data}; \
	case "$$folder" in /*) ;; *) folder="./$$folder" ;; esac; \
	if test -f "$$folder/dagster/dagster.yaml" || test -f "$$folder/landing/manifest.json"; then \
		cd "$$folder" || exit 1; \
		test ! -d publications || chmod -R u+w publications; \
		rm -rf build publications published dagster; \
	else \
		printf '%s: no run has used this folder; nothing removed there\n' "$$folder"; \
	fi

.venv/ready: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11 or newer is needed; install it, or name it:" \
			"make PYTHON=/path/to/python3.11"; \
		exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is older than Python 3.11; name a newer one:" \
			"make PYTHON=/path/to/python3.11"; \
		exit 1; }
	@echo "setting up .venv (once, about two minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP_INSTALL) --require-hashes -r requirements.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/ready-to-test: .venv/ready requirements-test.txt
	@$(PIP_INSTALL) --require-hashes -r requirements-test.txt
	@touch $@

.venv-spark/ready: requirements-spark.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it."; exit 1; }
	@java -version >/dev/null 2>&1 || { \
		echo "Spark needs Java 17 (Debian: apt-get install openjdk-17-jre-headless)"; exit 1; }
	@echo "setting up .venv-spark (once, about two minutes) ..."
	@test -x .venv-spark/bin/python || $(PYTHON) -m venv .venv-spark
	@.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements-spark.txt
	@touch $@

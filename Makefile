# Thin names for npm scripts. Each target starts from nothing: see build/setup.sh.
.PHONY: demo test test-all bench image lint setup

setup:
	@bash build/setup.sh

demo test test-all lint image bench: setup
	@npm run --silent $@

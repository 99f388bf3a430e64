# Thin names for npm scripts. Each target starts from nothing: see build/setup.sh.
.PHONY: demo test test-all test-reports bench chaos image lint setup

setup:
	@bash build/setup.sh

demo test test-all test-reports lint image bench chaos: setup
	@npm run --silent $@

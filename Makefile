# Two commands are all a newcomer needs: `make demo` and `make test`.

GO      ?= go
# In the module cache; the version is pinned by go.mod.
STATICCHECK = $(GO) tool staticcheck
# Fuzzing time per target for `make fuzz`.
FUZZTIME ?= 10m

.PHONY: all demo test vet bench fuzz fidelity build clean

all: build

build: ## the command, in bin/
	$(GO) build -o bin/vpptwin ./cmd/vpptwin

image: ## bin/vpptwin-image.tar, an OCI image of the static binary; `docker load` takes it too
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/static/vpptwin ./cmd/vpptwin
	$(GO) run ./internal/ociimage/cmd -binary bin/static/vpptwin -out bin/vpptwin-image.tar

demo: build ## run the scenario library on the embedded backend
	bin/vpptwin run --backend sim library

test: vet ## everything CI runs
	$(GO) test -race -timeout 20m -json ./... | $(GO) run ./internal/testsummary

vet:
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "not gofmt-clean"; exit 1; }
	$(GO) vet ./...
	$(STATICCHECK) ./...

bench: ## the figures of docs/performance.md
	$(GO) test -run '^$$' -bench . -benchmem ./...

# Minimising is bounded: shrinking interesting inputs would take all the time.
fuzz: ## every fuzz target, FUZZTIME each
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; \
	  done; done

fidelity: ## the list of where the double and VPP differ
	$(GO) run ./fakevpp/fidelity/generate > docs/fidelity.md.new
	mv docs/fidelity.md.new docs/fidelity.md

clean:
	rm -rf bin

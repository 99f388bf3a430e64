// What GitOps tools think of objects, by their own libraries: the Lua of Argo CD's health checks, kstatus, the diffs of
// gitops-engine (Argo CD) and of ssa (Flux), and the types of Flux. The first argument says which; standard input is one JSON array
// of requests, standard output one of answers. $KUBECONFIG is used by the diffs alone.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/argoproj/gitops-engine/pkg/diff"
	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	helm "github.com/fluxcd/helm-controller/api/v2"
	kustomize "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/ssa"
	source "github.com/fluxcd/source-controller/api/v1"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

type object = map[string]any

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// difference is empty when the tool would change nothing.
type difference struct {
	Changed bool   `json:"changed"`
	From    object `json:"from,omitempty"`
	To      object `json:"to,omitempty"`
}

type script struct {
	Script string `json:"script"`
	Object object `json:"object"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("one of: health kstatus argo-diff flux-diff flux-kind")
	}
	switch args[0] {
	case "health":
		return answer(health)
	case "kstatus":
		return answer(kstatus)
	case "flux-kind":
		return answer(fluxKind)
	case "argo-diff":
		config, err := connection()
		if err != nil {
			return err
		}
		dry, err := client.New(config, client.Options{})
		if err != nil {
			return err
		}
		return answer(func(wanted object) (difference, error) { return argoDiff(dry, wanted) })
	case "flux-diff":
		config, err := connection()
		if err != nil {
			return err
		}
		cluster, err := client.New(config, client.Options{})
		if err != nil {
			return err
		}
		poller := polling.NewStatusPoller(cluster, cluster.RESTMapper(), polling.Options{})
		manager := ssa.NewResourceManager(cluster, poller, ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"})
		return answer(func(wanted object) (difference, error) { return fluxDiff(manager, wanted) })
	}
	return fmt.Errorf("unknown: %s", args[0])
}

func connection() (*rest.Config, error) {
	return clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
}

func answer[Request, Answer any](ask func(Request) (Answer, error)) error {
	var requests []Request
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		return err
	}
	answers := make([]Answer, 0, len(requests))
	for _, request := range requests {
		given, err := ask(request)
		if err != nil {
			return err
		}
		answers = append(answers, given)
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

// health runs a script as Argo CD does for those that a user configures: of Lua's libraries the base, the tables and
// nothing else (it has a part of os besides, which no script of ours may need).
func health(request script) (verdict, error) {
	machine := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer machine.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := machine.CallByParam(lua.P{Fn: machine.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return verdict{}, err
		}
	}
	machine.SetGlobal("obj", valueOf(machine, request.Object))
	if err := machine.DoString(request.Script); err != nil {
		return verdict{}, err
	}
	table, ok := machine.Get(-1).(*lua.LTable)
	if !ok {
		return verdict{}, fmt.Errorf("the script returned %s and no table", machine.Get(-1).Type())
	}
	return verdict{
		Status:  lua.LVAsString(table.RawGetString("status")),
		Message: lua.LVAsString(table.RawGetString("message")),
	}, nil
}

func valueOf(machine *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case float64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		table := machine.CreateTable(len(value), 0)
		for _, each := range value {
			table.Append(valueOf(machine, each))
		}
		return table
	case object:
		table := machine.CreateTable(0, len(value))
		for key, each := range value {
			table.RawSetString(key, valueOf(machine, each))
		}
		return table
	}
	return lua.LNil
}

func kstatus(of object) (verdict, error) {
	parsed, err := parse(of)
	if err != nil {
		return verdict{}, err
	}
	result, err := status.Compute(parsed)
	if err != nil {
		return verdict{}, err
	}
	return verdict{Status: result.Status.String(), Message: result.Message}, nil
}

// parse makes whole numbers of what JSON has for numbers, as Kubernetes does.
func parse(of object) (*unstructured.Unstructured, error) {
	text, err := json.Marshal(of)
	if err != nil {
		return nil, err
	}
	parsed := &unstructured.Unstructured{}
	return parsed, parsed.UnmarshalJSON(text)
}

// argoDiff is the diff that Argo CD makes without options, and the one by server-side dry run; both have to be empty. The
// latter is made with IncludeMutationWebhook, which leaves nothing out that the one without it would find.
func argoDiff(cluster client.Client, of object) (difference, error) {
	wanted, err := parse(of)
	if err != nil {
		return difference{}, err
	}
	live := wanted.DeepCopy()
	if err := cluster.Get(context.Background(), client.ObjectKeyFromObject(wanted), live); err != nil {
		return difference{}, err
	}
	plain, err := diff.Diff(wanted, live)
	if err != nil {
		return difference{}, err
	}
	if plain.Modified {
		return shown(plain)
	}
	server, err := diff.Diff(
		wanted,
		live,
		diff.WithServerSideDiff(true),
		diff.WithServerSideDryRunner(dryRun{cluster}),
		diff.WithIgnoreMutationWebhook(false),
		diff.WithManager("argocd-controller"),
	)
	if err != nil {
		return difference{}, err
	}
	return shown(server)
}

func shown(result *diff.DiffResult) (difference, error) {
	if !result.Modified {
		return difference{}, nil
	}
	found := difference{Changed: true}
	if err := json.Unmarshal(result.NormalizedLive, &found.From); err != nil {
		return difference{}, err
	}
	return found, json.Unmarshal(result.PredictedLive, &found.To)
}

type dryRun struct{ cluster client.Client }

func (dry dryRun) Run(ctx context.Context, wanted *unstructured.Unstructured, manager string) (string, error) {
	predicted := wanted.DeepCopy()
	err := dry.cluster.Patch(ctx, predicted, client.Apply, client.DryRunAll, client.ForceOwnership, client.FieldOwner(manager))
	if err != nil {
		return "", err
	}
	text, err := predicted.MarshalJSON()
	return string(text), err
}

func fluxDiff(manager *ssa.ResourceManager, of object) (difference, error) {
	wanted, err := parse(of)
	if err != nil {
		return difference{}, err
	}
	entry, live, predicted, err := manager.Diff(context.Background(), wanted, ssa.DefaultDiffOptions())
	if err != nil {
		return difference{}, err
	}
	if entry.Action == ssa.UnchangedAction {
		return difference{}, nil
	}
	found := difference{Changed: true}
	if live != nil {
		found.From = live.Object
	}
	if predicted != nil {
		found.To = predicted.Object
	}
	return found, nil
}

// fluxKind is empty when a manifest of Flux has no field that its kind does not have.
func fluxKind(of object) (string, error) {
	kinds := map[string]any{
		"kustomize.toolkit.fluxcd.io/v1 Kustomization": &kustomize.Kustomization{},
		"helm.toolkit.fluxcd.io/v2 HelmRelease":        &helm.HelmRelease{},
		"source.toolkit.fluxcd.io/v1 GitRepository":    &source.GitRepository{},
		"source.toolkit.fluxcd.io/v1 OCIRepository":    &source.OCIRepository{},
		"source.toolkit.fluxcd.io/v1 HelmRepository":   &source.HelmRepository{},
	}
	name := fmt.Sprintf("%v %v", of["apiVersion"], of["kind"])
	kind, known := kinds[name]
	if !known {
		return "unknown: " + name, nil
	}
	text, err := json.Marshal(of)
	if err != nil {
		return "", err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(kind); err != nil {
		return name + ": " + err.Error(), nil
	}
	return "", nil
}

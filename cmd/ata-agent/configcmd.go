package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/config/yaml"
)

const (
	configActions = "check, show, diff, set, unset, convert, import or schema"
	configHelp    = `ata-agent config:
  check [FILE]        lists every fault; -layer NAME for a document that is only a layer
  show [FILE]         the effective document with the place each value comes from, secrets hidden;
                      without FILE that of the running agent
  diff A B            what changes from A to B and what that interrupts; either may be "running"
  set KEY VALUE       the owner's own setting, as lines.0.name; taken over at once or as its class says
  unset KEY           leaves the key to the others again
  convert FILE.yaml   writes a document in YAML as JSON, and says what it had to guess
  import FILE…        makes a document of other makers' provisioning files
  schema              JSON Schema
`
)

func runConfig(ctx context.Context, env *environment, args []string) error {
	if len(args) == 0 {
		return &usageError{"say " + configActions}
	}
	switch args[0] {
	case "check":
		return configCheck(env, args[1:])
	case "show":
		return configShow(ctx, env, args[1:])
	case "diff":
		return configDiff(ctx, env, args[1:])
	case "set":
		return configSet(ctx, env, args[1:])
	case "unset":
		return configUnset(ctx, env, args[1:])
	case "convert":
		return configConvert(env, args[1:])
	case "schema":
		_, err := env.stdout.Write(config.Schema())
		return err
	case "import":
		return configImport(env, args[1:])
	case "-h", "--help":
		fmt.Fprint(env.stderr, configHelp)
		return nil
	}
	return &usageError{fmt.Sprintf("no action %q: say %s", args[0], configActions)}
}

// fileFlag adds -config and returns how to name the file: as argument, else by
// the flag; named says whether either was given.
func (f *flags) fileFlag() func() (name string, named bool, err error) {
	file := f.String("config", defaultConfig, "configuration file")
	return func() (string, bool, error) {
		if f.NArg() > 1 {
			return "", false, &usageError{"one file at a time"}
		}
		if f.NArg() == 1 {
			return f.Arg(0), true, nil
		}
		named := false
		f.Visit(func(g *flag.Flag) { named = named || g.Name == "config" })
		return *file, named, nil
	}
}

func configCheck(env *environment, args []string) error {
	f := newFlags(env, "config check", "every fault of the file given, or of -config")
	fileName := f.fileFlag()
	layer := f.String("layer", "", "the file is only this layer: "+strings.Join(config.LayerNames, ", ")+"; rules that concern several keys are left out")
	asJSON := f.Bool("json", false, "print JSON")
	if err := f.parse(args); err != nil {
		return err
	}
	if *layer != "" && !slices.Contains(config.LayerNames, *layer) {
		return &usageError{fmt.Sprintf("no layer %q: say one of %s", *layer, strings.Join(config.LayerNames, ", "))}
	}
	name, _, err := fileName()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if *layer != "" {
		err = config.CheckLayer(config.Layer{Name: *layer, Source: name, Data: data})
	} else if e, fault := config.Alone(name, data); fault != nil {
		err = fault
	} else {
		for _, w := range e.Warnings() {
			fmt.Fprintf(env.stderr, "%s (a warning)\n", w)
		}
	}
	faults := config.Faults{} // not nil: JSON shows an empty list
	errors.As(err, &faults)
	return reportFaults(env, name, faults, *asJSON)
}

func configShow(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "config show", "the effective document of the file given, or of the running agent")
	fileName := f.fileFlag()
	asJSON := f.Bool("json", false, "print plain JSON")
	origins := f.Bool("origins", false, "print which layer gives each value, as JSON")
	dir := f.stateFlag()
	if err := f.parse(args); err != nil {
		return err
	}
	name, named, err := fileName()
	if err != nil {
		return err
	}
	var a configAnswer
	if named || notInUse(*dir) == nil {
		a, err = answerOf(name)
	} else {
		err = newControlClient(*dir).get(ctx, "/v1/config", &a)
	}
	switch {
	case err != nil:
		return err
	case *origins:
		return printJSON(env.stdout, a.Origins)
	case *asJSON:
		return printJSON(env.stdout, a.Config)
	}
	_, err = fmt.Fprint(env.stdout, a.Text)
	return err
}

// answerOf is what an agent would say of a single document.
func answerOf(name string) (configAnswer, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return configAnswer{}, err
	}
	e, err := config.Alone(name, data)
	if err != nil {
		return configAnswer{}, err
	}
	plain, err := config.Plain(e.Config)
	return configAnswer{string(e.Show()), plain, e.Origins()}, err
}

// diffAnswer is what differs and what that interrupts.
type diffAnswer struct {
	Class   config.Class   `json:"class"`
	Changes config.Changes `json:"changes"`
}

// running stands for the configuration of the running agent.
const running = "running"

func configDiff(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "config diff", "what changes from document A to document B, and what that interrupts; either may be \"running\"")
	asJSON := f.Bool("json", false, "print JSON")
	dir := f.stateFlag()
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() != 2 || f.Arg(0) == running && f.Arg(1) == running {
		return &usageError{"name two files, or one and running"}
	}
	var d diffAnswer
	var err error
	switch {
	case f.Arg(0) == running:
		d, err = diffRunning(ctx, *dir, f.Arg(1), false)
	case f.Arg(1) == running:
		d, err = diffRunning(ctx, *dir, f.Arg(0), true)
	default:
		d, err = diffFiles(f.Arg(0), f.Arg(1))
	}
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(env.stdout, d)
	}
	printDiff(env, d)
	return nil
}

func printDiff(env *environment, d diffAnswer) {
	for _, c := range d.Changes {
		fmt.Fprintln(env.stdout, c)
	}
	if len(d.Changes) == 0 {
		fmt.Fprintln(env.stdout, "no difference")
		return
	}
	fmt.Fprintf(env.stdout, "%d changes of class %s: %s\n", len(d.Changes), d.Class, effects[d.Class])
}

// effects says what each class means for who uses the telephones.
var effects = [...]string{
	config.Live:   "at once, a call in progress keeps what it began with",
	config.OfLine: "when the line is idle, with a new registration",
	config.OfBox:  "when all lines are idle, the agent starts anew",
	config.OfBoot: "when all lines are idle, the agent starts anew",
}

func diffFiles(a, b string) (diffAnswer, error) {
	var both [2]*config.Config
	for i, name := range []string{a, b} {
		data, err := os.ReadFile(name)
		if err != nil {
			return diffAnswer{}, err
		}
		if both[i], err = config.Parse(name, data); err != nil {
			return diffAnswer{}, err
		}
	}
	changes := config.Diff(both[0], both[1])
	return diffAnswer{changes.Class(), changes}, nil
}

// diffRunning asks the agent what a file would change, so that no secret leaves
// it.
func diffRunning(ctx context.Context, dir, name string, backwards bool) (d diffAnswer, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return d, err
	}
	body, err := newControlClient(dir).do(ctx, http.MethodPost, "/v1/config/diff?source="+url.QueryEscape(name), bytes.NewReader(data))
	if err != nil {
		return d, err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(&d); err != nil {
		return d, err
	}
	for i := range d.Changes {
		if c := &d.Changes[i]; backwards {
			c.Old, c.New = c.New, c.Old
		}
	}
	return d, nil
}

func configConvert(env *environment, args []string) error {
	f := newFlags(env, "config convert", "write a document in YAML as JSON")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return &usageError{"name one YAML file"}
	}
	data, err := os.ReadFile(f.Arg(0))
	if err != nil {
		return err
	}
	out, notes, err := yaml.Convert(f.Arg(0), data)
	for _, n := range notes {
		fmt.Fprintln(env.stderr, n)
	}
	if err != nil {
		return err
	}
	_, err = env.stdout.Write(out)
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/doctor"
)

// resolveTime bounds the search for a configuration's servers.
const resolveTime = 5 * time.Second

func runDoctor(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "doctor", "what is wrong with this device, and what to do; it looks at the computer, the documents and the running agent, and touches nothing")
	file := f.String("config", defaultConfig, "configuration file")
	boardName := f.String("board", "", "board, as of run; default the detected one")
	state := f.stateFlag()
	asJSON := f.Bool("json", false, "print JSON")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return &usageError{fmt.Sprintf("unexpected %q", f.Arg(0))}
	}
	r := doctor.Report{At: time.Now()}
	r.Findings = append(r.Findings, doctorBoard(env, *boardName, r.At)...)
	r.Findings = append(r.Findings, doctorConfig(ctx, env, *file, r.At)...)
	r.Findings = append(r.Findings, doctorAgent(ctx, *state)...)
	r.Sort()
	var err error
	if *asJSON {
		err = printJSON(env.stdout, r)
	} else {
		err = printFindings(env.stdout, r.Findings)
	}
	if err == nil && r.Worst() == doctor.Fault {
		err = errors.New("something does not work")
	}
	return err
}

// doctorBoard examines the board file and the computer it is for.
func doctorBoard(env *environment, name string, now time.Time) []doctor.Finding {
	m, err := findMachine(name, env.root)
	all := doctor.Document("board", name, err)
	if err != nil || m.description == nil {
		return all // a virtual board asks nothing of the computer
	}
	if name == "" {
		name = m.description.ID
	}
	var who *doctor.Account
	if a, ok := doctor.ServiceAccount(env.root); ok {
		who = &a
	}
	return append(all, doctor.Computer(env.root, name, m.description, who, now)...)
}

// doctorConfig examines the configuration and looks for its servers.
func doctorConfig(ctx context.Context, env *environment, file string, now time.Time) []doctor.Finding {
	data, err := os.ReadFile(file)
	if err != nil {
		return doctor.Document("configuration", file, err)
	}
	e, err := config.Alone(file, data)
	all := doctor.Document("configuration", file, err)
	if err != nil {
		return all
	}
	all = append(all, doctor.Warnings(file, e.Warnings())...)
	all = append(all, doctor.Certificates(e.Config, now)...)
	return append(all, doctorNames(ctx, env, e.Config)...)
}

func doctorNames(ctx context.Context, env *environment, cfg *config.Config) []doctor.Finding {
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	found := doctor.Names(ctx, env.resolver, cfg)
	if len(found) == 0 {
		return nil // addresses alone
	}
	return append(doctor.Resolvers(env.root), found...)
}

// doctorAgent asks the running agent.
func doctorAgent(ctx context.Context, state string) []doctor.Finding {
	var s agent.Status
	if err := newControlClient(state).get(ctx, "/v1/status", &s); err != nil {
		return []doctor.Finding{doctor.NotRunning(err)}
	}
	return doctor.Agent(&s)
}

func printFindings(w io.Writer, all []doctor.Finding) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, f := range all {
		severity := string(f.Severity)
		if f.Severity == doctor.Fault {
			severity = strings.ToUpper(severity)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", severity, strings.TrimSpace(f.Check+" "+f.Subject), f.Text)
		if f.Remedy != "" {
			fmt.Fprintf(t, "\t\t  -> %s\n", f.Remedy)
		}
	}
	return t.Flush()
}

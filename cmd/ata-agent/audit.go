package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/state"
)

// runAudit prints what was done to the device. It reads the state folder and needs
// no running agent.
func runAudit(_ context.Context, env *environment, args []string) error {
	f := newFlags(env, "audit", "what was done to this device: when, by whom, what, to what, how it went")
	dir := f.stateFlag()
	asJSON := f.Bool("json", false, "print JSON lines")
	n := f.Int("n", 0, "the newest N entries alone; 0: all")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 || *n < 0 {
		return &usageError{"say how many entries with -n, nothing else"}
	}
	if _, err := os.Stat(*dir); err != nil {
		return err
	}
	entries, err := state.Dir(*dir).Audit().Entries()
	if err != nil {
		return err
	}
	if *n > 0 {
		entries = entries[max(0, len(entries)-*n):]
	}
	for _, e := range entries {
		if err := printEntry(env, e, *asJSON); err != nil {
			return err
		}
	}
	return nil
}

func printEntry(env *environment, e state.Entry, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(env.stdout).Encode(e)
	}
	_, err := fmt.Fprintln(env.stdout, entryText(e))
	return err
}

// entryText is an entry in one line.
func entryText(e state.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s: %s", e.Time.Format(time.RFC3339), e.Actor, e.Action)
	if e.Object != "" {
		fmt.Fprintf(&b, " %s", e.Object)
	}
	if e.Result != "" {
		fmt.Fprintf(&b, ": %s", e.Result)
	}
	if e.Detail != "" {
		fmt.Fprintf(&b, " (%s)", e.Detail)
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

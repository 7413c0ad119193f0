package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/telemetry"
)

const privacyHelp = `what leaves this device, and the owner's say in it
  privacy [show]              each field, what it is for, its present value, whether it leaves; what left in the last days
  privacy set level N         0 nothing, 1 state of the device, 2 quality of calls, 3 logs, 4 traces
  privacy set CATEGORY on|off
  privacy revoke              the same as set level 0: empties what waits and tells the receivers
  privacy export              everything that is kept about the owner, as JSON
  privacy erase SCOPE         telemetry, calls, identity or all
-by NAME is recorded with a decision; -json prints JSON`

func runPrivacy(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "privacy", privacyHelp)
	state := f.stateFlag()
	by := f.String("by", "owner", "who decides")
	asJSON := f.Bool("json", false, "print JSON")
	words, err := f.parseAround(args)
	if err != nil {
		return err
	}
	action := "show"
	if len(words) > 0 {
		action, words = words[0], words[1:]
	}
	client := newControlClient(*state)
	switch action {
	case "show":
		if len(words) > 0 {
			return &usageError{fmt.Sprintf("unexpected %q", words[0])}
		}
		return privacyAsk(ctx, env, client, "GET", "/v1/privacy", nil, *asJSON)
	case "export":
		return privacyExport(ctx, env, client)
	case "erase":
		if len(words) != 1 {
			return &usageError{"say what to erase: telemetry, calls, identity or all"}
		}
		return privacyAsk(ctx, env, client, "POST", "/v1/privacy/erase", telemetry.Erasure{Scope: words[0]}, *asJSON)
	case "revoke":
		words = []string{"level", "0"}
	case "set":
	default:
		return &usageError{fmt.Sprintf("no action %q", action)}
	}
	choice, err := parseChoice(words)
	if err != nil {
		return err
	}
	choice.Actor = *by
	return privacyAsk(ctx, env, client, "POST", "/v1/privacy", choice, *asJSON)
}

// parseChoice reads pairs of words: level N, or CATEGORY on|off.
func parseChoice(words []string) (telemetry.Choice, error) {
	c := telemetry.Choice{Categories: map[string]bool{}}
	if len(words) == 0 || len(words)%2 != 0 {
		return c, &usageError{"say level N, or CATEGORY on|off"}
	}
	for pair := range slices.Chunk(words, 2) {
		name, value := pair[0], pair[1]
		if name == "level" {
			n, err := strconv.ParseUint(value, 10, 8)
			if err != nil || !privacy.Level(n).Valid() {
				return c, &usageError{fmt.Sprintf("level %q, allowed: 0 to 4", value)}
			}
			c.Level = new(privacy.Level(n))
			continue
		}
		if _, err := privacy.ParseCategory(name); err != nil {
			return c, &usageError{err.Error()}
		}
		if value != "on" && value != "off" {
			return c, &usageError{fmt.Sprintf("%s %q, allowed: on, off", name, value)}
		}
		c.Categories[name] = value == "on"
	}
	return c, nil
}

func privacyExport(ctx context.Context, env *environment, client *controlClient) error {
	body, err := client.do(ctx, "GET", "/v1/privacy/export", nil)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(env.stdout, body)
	return err
}

// privacyAsk sends a request and prints the overview that answers it.
func privacyAsk(ctx context.Context, env *environment, client *controlClient, method, url string, request any, asJSON bool) error {
	var in io.Reader
	if request != nil {
		data, err := json.Marshal(request)
		if err != nil {
			return err
		}
		in = bytes.NewReader(data)
	}
	body, err := client.do(ctx, method, url, in)
	if err != nil {
		return err
	}
	defer body.Close()
	var o telemetry.Overview
	if err := json.NewDecoder(body).Decode(&o); err != nil {
		return err
	}
	if asJSON {
		return printJSON(env.stdout, o)
	}
	return printOverview(env.stdout, o)
}

func printOverview(w io.Writer, o telemetry.Overview) error {
	fmt.Fprintf(w, "In force: level %d, %s.\n", o.Permit.Level, o.Permit.Level)
	switch {
	case o.Decision != nil:
		fmt.Fprintf(w, "Decided by %s on %s, notice version %d: level %d.\n", o.Decision.Actor, o.Decision.At.Format("2006-01-02 15:04"), o.Decision.Version, o.Decision.Level)
	case o.Notice:
		fmt.Fprintln(w, "Nobody has decided yet, so nothing leaves. `ata-agent privacy set level N` decides.")
	default:
		fmt.Fprintln(w, "Nobody has decided yet; the contract covers level 1.")
	}
	fmt.Fprintf(w, "The operator asks for level %d. This device is %s to receivers.\n\n", o.Asked.Level, o.Installation)
	if err := printFields(w, o); err != nil {
		return err
	}
	return printLeft(w, o.Left)
}

func printFields(w io.Writer, o telemetry.Overview) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "CATEGORY\tSWITCH\tLEVEL\tFIELD\tLEAVES\tNOW\tPURPOSE")
	for _, f := range o.Fields {
		c, _ := privacy.ParseCategory(f.Category) // of the same program
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%.40s\t%s\n", f.Category, onOff(o.Permit.Categories.Has(c)), f.Level, f.Name, yesNo(f.Leaves), f.Sample, f.Purpose)
	}
	return t.Flush()
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// printLeft writes what left, by day and receiver.
func printLeft(w io.Writer, left []privacy.Entry) error {
	if len(left) == 0 {
		_, err := fmt.Fprintln(w, "\nNothing has left in the last days.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "\nLEFT ON\tTO\tFIELD\tTIMES")
	for _, e := range left {
		for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
			fmt.Fprintf(t, "%s\t%s\t%s\t%d\n", e.Day, e.Receiver, name, e.Fields[name])
		}
	}
	return t.Flush()
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/panel"
	"github.com/ata-agent/ata-agent/provision"
)

func runStatus(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "status", "state of the running agent")
	state := f.stateFlag()
	asJSON := f.Bool("json", false, "print JSON")
	if err := f.parse(args); err != nil {
		return err
	}
	c := newControlClient(*state)
	var s serviceStatus
	if err := c.get(ctx, "/v1/status", &s); err != nil {
		return err
	}
	if *asJSON {
		return printJSON(env.stdout, s)
	}
	var lamps []panel.Lamp
	if err := c.get(ctx, "/v1/panel", &lamps); err != nil {
		return err
	}
	if err := printStatus(env.stdout, s.Status); err != nil {
		return err
	}
	printLamps(env.stdout, lamps)
	printStorage(env.stdout, s)
	return nil
}

// printStorage says what an owner should know of the configuration's keeping.
func printStorage(w io.Writer, s serviceStatus) {
	if s.Waiting != "" {
		fmt.Fprintf(w, "a changed configuration (%s) waits until no telephone is in use\n", s.Waiting)
	}
	if p := s.Provisioning; p != nil {
		fmt.Fprintln(w, "provisioning:", provisioningState(p))
	}
	if s.Storage != (storageStatus{}) && !s.Storage.Protected {
		fmt.Fprintln(w, "configuration:", s.Storage)
	}
}

// provisioningState says in words how it stands with the server's documents.
func provisioningState(p *provision.Status) string {
	text := string(p.State)
	if p.Generation > 0 {
		text += fmt.Sprintf(", generation %d", p.Generation)
	}
	switch {
	case !p.TrialEnds.IsZero():
		text += ", on trial until " + p.TrialEnds.Format(time.TimeOnly)
	case p.State == provision.Waiting && !p.Next.IsZero():
		text += ", next look " + p.Next.Format(time.TimeOnly)
	}
	if p.Reason != "" {
		text += "\n  nothing new was taken: " + p.Detail
	}
	if p.Alarm != "" {
		text += "\n  look into it: " + p.Alarm
	}
	return text
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func printStatus(w io.Writer, s agent.Status) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "LINE\tNAME\tSTATE\tHOOK\tPORT\tACCOUNT\tREGISTRATION")
	for _, l := range s.Lines {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Line, l.Name, l.State, hook(l.OffHook), portState(l), l.User, registration(l))
	}
	for _, l := range s.Lines {
		for _, c := range l.Calls {
			fmt.Fprintf(t, "line %d\t%s %s\t%s\tsince %s\n", l.Line, direction(c.Incoming), c.Number, coding(c), c.Began.Format(time.TimeOnly))
		}
	}
	if !s.Clock.Running {
		fmt.Fprintf(t, "PCM clock is not running, %d errors: no line works\n", s.Clock.Errors)
	}
	return t.Flush()
}

func hook(off bool) string {
	if off {
		return "off hook"
	}
	return "on hook"
}

func portState(l agent.LineStatus) string {
	switch {
	case l.PortUp && l.PortError == "":
		return "ok"
	case l.PortUp:
		return "ok, was: " + l.PortError
	case l.PortError != "":
		return "out of service: " + l.PortError
	}
	return "starting"
}

func registration(l agent.LineStatus) string {
	switch {
	case !l.Enabled:
		return "disabled"
	case l.Code != 0 && l.Server == "":
		return fmt.Sprintf("%s: %d %s, next try %s", l.Registration, l.Code, l.Reason, l.Until.Format(time.TimeOnly))
	case l.Reason != "" && l.Server == "":
		return fmt.Sprintf("%s: %s, next try %s", l.Registration, l.Reason, l.Until.Format(time.TimeOnly))
	case l.Server != "":
		return l.Registration + " at " + l.Server + " over " + l.Transport
	}
	return l.Registration
}

// coding is the codec of a call, and whether nobody could listen.
func coding(c agent.CallStatus) string {
	if c.Encrypted != "" {
		return c.Codec + ", encrypted"
	}
	return c.Codec
}

func direction(incoming bool) string {
	if incoming {
		return "from"
	}
	return "to"
}

func runCalls(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "calls", "calls that ended since the start")
	state := f.stateFlag()
	asJSON := f.Bool("json", false, "print JSON")
	if err := f.parse(args); err != nil {
		return err
	}
	var calls []agent.PastCall
	if err := newControlClient(*state).get(ctx, "/v1/calls", &calls); err != nil {
		return err
	}
	if *asJSON {
		return printJSON(env.stdout, calls)
	}
	return printCalls(env.stdout, calls)
}

func printCalls(w io.Writer, calls []agent.PastCall) error {
	var rows bytes.Buffer
	t := tabwriter.NewWriter(&rows, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "LINE\tBEGAN\tNUMBER\tTALK\tCODEC\tRECEIVED\tLOST\tJITTER\tMOS")
	for _, c := range calls {
		talk := "not answered"
		if !c.Answered.IsZero() {
			talk = c.Ended.Sub(c.Answered).Round(time.Second).String()
		}
		fmt.Fprintf(t, "%d\t%s\t%s %s\t%s\t%s\t%d\t%d\t%v\t%s\n", c.Line, c.Began.Format(time.TimeOnly),
			direction(c.Incoming), c.Number, talk, coding(c.CallStatus), c.Voice.Received, c.Voice.Lost, time.Duration(c.Voice.Jitter*float64(time.Second)).Round(100*time.Microsecond), opinion(c.Voice.MOSCQ))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return explainCalls(w, &rows, calls)
}

// explainCalls prints the head and a row for each call, and under it why the call
// was bad.
func explainCalls(w io.Writer, rows *bytes.Buffer, calls []agent.PastCall) error {
	var out bytes.Buffer
	head, _ := rows.ReadString('\n')
	out.WriteString(head)
	for _, c := range calls {
		row, _ := rows.ReadString('\n')
		out.WriteString(row)
		for _, f := range c.Causes {
			fmt.Fprintf(&out, "      %s\n      %s\n", f.Owner, f.Technician)
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

// opinion is a mean opinion score of 1 to 4.5 for people.
func opinion(mos float64) string {
	if mos == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", mos)
}

func runEvents(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "events", "what happened on the lines")
	state := f.stateFlag()
	asJSON := f.Bool("json", false, "print JSON lines")
	follow := f.Bool("follow", false, "go on printing as things happen")
	if err := f.parse(args); err != nil {
		return err
	}
	url := "/v1/events"
	if *follow {
		url += "?follow=1"
	}
	body, err := newControlClient(*state).do(ctx, "GET", url, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		if *asJSON {
			fmt.Fprintln(env.stdout, lines.Text())
			continue
		}
		var r agent.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		printRecord(env.stdout, r)
	}
	if ctx.Err() != nil {
		return nil // the user ended it
	}
	return lines.Err()
}

// printRecord writes a record in the form of the line scripts: events at the
// margin, what they caused indented.
func printRecord(w io.Writer, r agent.Record) {
	indent := ""
	if r.Kind == "action" {
		indent = "    "
	}
	fmt.Fprintf(w, "%s line %d %s%s\n", r.Time.Format("15:04:05.000"), r.Line, indent, r.Text)
}

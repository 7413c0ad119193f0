// Command ata-agent is the firmware agent of an analog telephone adapter.
// `ata-agent help` lists its verbs, `ata-agent VERB -h` explains each.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/ata-agent/ata-agent/doctor"
)

// version is set by the linker.
var version = "unknown"

// Exit codes, documented in docs/cli.md.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// verb is one thing the command does.
type verb struct {
	name string
	args string
	help string
	run  func(ctx context.Context, env *environment, args []string) error
}

// environment is what a verb may touch of the process.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	root           fs.FS // of the file system, for what the computer is
	resolver       doctor.Resolver
}

func verbs() []verb {
	return []verb{
		{"run", "[-config FILE] [-board NAME|FILE] [-state DIR]", "run the agent", runAgent},
		{"demo", "[-script]", "two telephones, a registrar and a far end on this computer", runDemo},
		{"phone", "N ACTION…", "work telephone N of a virtual board", runPhone},
		{"status", "[-json]", "state of the running agent", runStatus},
		{"calls", "[-json]", "calls that ended since the start", runCalls},
		{"events", "[-json] [-follow]", "what happened on the lines", runEvents},
		{"doctor", "[-json] [-config FILE] [-board NAME|FILE] [-state DIR]", "what is wrong with this device, and what to do", runDoctor},
		{"linetest", "[-json] N", "test the wires of line N", runLineTest},
		{"factory", "test [-json] [-board NAME|FILE]", "test a device on the bench", runFactory},
		{"button", "[-hold TIME]", "hold the button of a virtual board", runButton},
		{"config", "check|show|diff|set|unset|convert|import|schema …", "check, show, compare, set, convert, import or describe the configuration", runConfig},
		{"resync", "", "look for a new configuration now", runResync},
		{"audit", "[-json] [-n N]", "what was done to this device, and by whom", runAudit},
		{"reset", "-factory [-yes]", "destroy what the device remembers", runReset},
		{"privacy", "[show|set|export|erase|revoke] …", "what leaves this device, and the owner's say in it", runPrivacy},
		{"capture", "-o FILE [-for D] [-content]", "record what the agent sends and receives, without names and numbers", runCapture},
		{"trace", "start [-for D]|stop", "copy SIP messages to the capture server for a while", runTrace},
		{"bundle", "[-to age1… -o FILE] [-numbers] [-print]", "show and write what a technician needs, encrypted, without names and numbers", runBundle},
		{"replay", "FILE", "decide again what a line's script of a bundle says", runReplay},
		{"board", "check FILE|show NAME|list|schema", "check, show or list boards", runBoard},
		{"fleet", "[-n N] [-config FILE] [cut|push]…", "many agents without telephones, to try servers with", runFleet},
		{"version", "", "version of this program", runVersion},
	}
}

// usageError is a wrong command line; its text tells the right one.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env := &environment{os.Stdin, os.Stdout, os.Stderr, os.Getenv, os.DirFS("/"), net.DefaultResolver}
	code := execute(ctx, env, os.Args[1:])
	stop()
	os.Exit(code)
}

// execute runs one verb and returns the exit code.
func execute(ctx context.Context, env *environment, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(env.stdout)
		if len(args) == 0 {
			return exitUsage
		}
		return exitOK
	}
	for _, v := range verbs() {
		if v.name != args[0] {
			continue
		}
		return report(env, v, v.run(ctx, env, args[1:]))
	}
	fmt.Fprintf(env.stderr, "ata-agent: no verb %q\n\n", args[0])
	usage(env.stderr)
	return exitUsage
}

func report(env *environment, v verb, err error) int {
	var wrong *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &wrong):
		fmt.Fprintf(env.stderr, "ata-agent %s: %s\nusage: ata-agent %s %s\n", v.name, wrong.text, v.name, v.args)
		return exitUsage
	}
	fmt.Fprintf(env.stderr, "ata-agent %s: %v\n", v.name, err)
	return exitFailed
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: ata-agent VERB …")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-62s %s\n", strings.TrimSpace(v.name+" "+v.args), v.help)
	}
}

func runVersion(_ context.Context, env *environment, args []string) error {
	if len(args) > 0 {
		return &usageError{"takes no arguments"}
	}
	_, err := fmt.Fprintln(env.stdout, "ata-agent", version)
	return err
}

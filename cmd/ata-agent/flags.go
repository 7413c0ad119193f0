package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"
)

const (
	defaultConfig = "/etc/ata-agent/config.json"
	defaultState  = "/var/lib/ata-agent"
)

// flags is a flag set whose flags may also come from the environment: -state
// from ATA_AGENT_STATE. A flag on the command line wins.
type flags struct {
	*flag.FlagSet
	env *environment
}

func newFlags(env *environment, verb, about string) *flags {
	f := &flags{flag.NewFlagSet("ata-agent "+verb, flag.ContinueOnError), env}
	f.SetOutput(env.stderr)
	f.Usage = func() {
		fmt.Fprintf(f.Output(), "ata-agent %s: %s\n", verb, about)
		f.PrintDefaults()
	}
	return f
}

// parse reads the arguments. Its error is a usageError or flag.ErrHelp.
func (f *flags) parse(args []string) error {
	var fromEnv error
	f.VisitAll(func(fl *flag.Flag) {
		name := "ATA_AGENT_" + strings.ToUpper(strings.ReplaceAll(fl.Name, "-", "_"))
		if v := f.env.getenv(name); v != "" {
			if err := f.Set(fl.Name, v); err != nil && fromEnv == nil {
				fromEnv = &usageError{fmt.Sprintf("%s=%s: %v", name, v, err)}
			}
		}
	})
	if fromEnv != nil {
		return fromEnv
	}
	err := f.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return &usageError{err.Error()}
}

// stateFlag is the -state flag that every verb towards a running agent has.
func (f *flags) stateFlag() *string {
	return f.String("state", defaultState, "folder of the agent's state and control socket")
}

// parseAround is parse with flags also behind the words, and returns the words.
func (f *flags) parseAround(args []string) (words []string, err error) {
	for {
		if err := f.parse(args); err != nil {
			return nil, err
		}
		args = f.Args()
		if len(args) == 0 {
			return words, nil
		}
		words, args = append(words, args[0]), args[1:]
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/ata-agent/ata-agent/config"
)

func runConfig(_ context.Context, env *environment, args []string) error {
	if len(args) == 0 {
		return &usageError{"say check, show, schema or import"}
	}
	switch args[0] {
	case "check":
		return configCheck(env, args[1:])
	case "show":
		return configShow(env, args[1:])
	case "schema":
		_, err := env.stdout.Write(config.Schema())
		return err
	case "import":
		return configImport(env, args[1:])
	case "-h", "--help":
		fmt.Fprintln(env.stderr, "ata-agent config: check FILE lists every fault; show FILE prints the effective document with\nthe place each value comes from, secrets hidden; schema prints the JSON Schema; import FILE… makes a document of other makers' files")
		return nil
	}
	return &usageError{fmt.Sprintf("no action %q: say check, show, schema or import", args[0])}
}

// source is the file an action is about and how to print the answer.
type source struct {
	name   string
	data   []byte
	asJSON bool
}

// readSource reads the file given as argument, else the one that run would use.
func readSource(env *environment, action string, args []string) (*source, error) {
	f := newFlags(env, "config "+action, "of the file given, or of -config")
	src := &source{}
	f.StringVar(&src.name, "config", defaultConfig, "configuration file")
	f.BoolVar(&src.asJSON, "json", false, "print JSON")
	if err := f.parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 1 {
		return nil, &usageError{"one file at a time"}
	}
	if f.NArg() == 1 {
		src.name = f.Arg(0)
	}
	var err error
	src.data, err = os.ReadFile(src.name)
	return src, err
}

func configCheck(env *environment, args []string) error {
	src, err := readSource(env, "check", args)
	if err != nil {
		return err
	}
	faults := config.Faults{} // not nil: JSON shows an empty list
	_, err = config.Parse(src.name, src.data)
	errors.As(err, &faults)
	return reportFaults(env, src.name, faults, src.asJSON)
}

func configShow(env *environment, args []string) error {
	src, err := readSource(env, "show", args)
	if err != nil {
		return err
	}
	var out []byte
	if src.asJSON {
		var c *config.Config
		if c, err = config.Parse(src.name, src.data); err == nil {
			out, err = config.Effective(c)
		}
	} else {
		out, err = config.Show(src.name, src.data)
	}
	if err != nil {
		return err
	}
	_, err = env.stdout.Write(out)
	return err
}

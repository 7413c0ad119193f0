package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	boardfile "github.com/ata-agent/ata-agent/board"
	"github.com/ata-agent/ata-agent/jsondoc"
)

func runBoard(_ context.Context, env *environment, args []string) error {
	if len(args) == 0 {
		return &usageError{"say check, show, list or schema"}
	}
	switch args[0] {
	case "check":
		return boardCheck(env, args[1:])
	case "show":
		return boardShow(env, args[1:])
	case "list":
		return boardList(env, args[1:])
	case "schema":
		_, err := env.stdout.Write(boardfile.Schema())
		return err
	case "-h", "--help":
		fmt.Fprintln(env.stderr, "ata-agent board: check FILE lists every fault of a board file; show NAME|FILE prints the effective file with the\nplace each value comes from; list names the built-in boards and says what this computer is; schema prints the JSON Schema")
		return nil
	}
	return &usageError{fmt.Sprintf("no action %q: say check, show, list or schema", args[0])}
}

// boardSource parses the command line of an action on one board.
func boardSource(env *environment, action string, args []string) (name string, data []byte, asJSON bool, err error) {
	f := newFlags(env, "board "+action, "of a built-in board or a file")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	if err = f.parse(args); err != nil {
		return "", nil, false, err
	}
	if f.NArg() != 1 {
		return "", nil, false, &usageError{"name one board or file"}
	}
	data, err = readBoard(f.Arg(0))
	return f.Arg(0), data, asJSON, err
}

func boardCheck(env *environment, args []string) error {
	name, data, asJSON, err := boardSource(env, "check", args)
	if err != nil {
		return err
	}
	faults := jsondoc.Faults{} // not nil: JSON shows an empty list
	_, err = boardfile.Parse(name, data)
	errors.As(err, &faults)
	return reportFaults(env, name, faults, asJSON)
}

// reportFaults prints what is wrong with a file, or that nothing is.
func reportFaults(env *environment, name string, faults jsondoc.Faults, asJSON bool) error {
	var err error
	switch {
	case asJSON:
		err = printJSON(env.stdout, faults)
	case len(faults) == 0:
		_, err = fmt.Fprintf(env.stdout, "%s: ok\n", name)
	default:
		_, err = fmt.Fprintln(env.stdout, faults)
	}
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("%s: %d faults", name, len(faults))
	}
	return err
}

func boardShow(env *environment, args []string) error {
	name, data, asJSON, err := boardSource(env, "show", args)
	if err != nil {
		return err
	}
	if asJSON {
		d, err := boardfile.Parse(name, data)
		if err != nil {
			return err
		}
		return printJSON(env.stdout, d)
	}
	out, err := boardfile.Show(name, data)
	if err != nil {
		return err
	}
	_, err = env.stdout.Write(out)
	return err
}

// listedBoard is a built-in board as board list prints it.
type listedBoard struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Lines    int    `json:"lines"`
	Fits     bool   `json:"fits"`     // made for this computer
	Detected bool   `json:"detected"` // what run takes by default
}

// remark says what the board is to this computer.
func (b *listedBoard) remark() string {
	switch {
	case b.Detected:
		return "\tdetected"
	case b.Fits:
		return "\tfits this computer"
	}
	return ""
}

func boardList(env *environment, args []string) error {
	f := newFlags(env, "board list", "the built-in boards, and what this computer is")
	asJSON := f.Bool("json", false, "print JSON")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return &usageError{fmt.Sprintf("unexpected %q", f.Arg(0))}
	}
	boards, model, err := listBoards(env)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(env.stdout, boards)
	}
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	for _, b := range boards {
		fmt.Fprintf(w, "%s\t%d\t%s%s\n", b.ID, b.Lines, b.Name, b.remark())
	}
	if model != "" {
		fmt.Fprintf(w, "\nthis is %s\n", model)
	}
	return w.Flush()
}

// listBoards describes the built-in boards and names the computer.
func listBoards(env *environment) ([]listedBoard, string, error) {
	found, err := boardfile.Detect(env.root)
	if err != nil {
		return nil, "", err
	}
	var all []listedBoard
	for _, name := range boardfile.Profiles() {
		d, err := describeBoard(name)
		if err != nil {
			return nil, "", err
		}
		b := listedBoard{ID: d.ID, Name: d.Name, Lines: len(d.Lines), Detected: name == found.Profile}
		for _, c := range found.Candidates {
			b.Fits = b.Fits || c == name
		}
		all = append(all, b)
	}
	return all, found.Machine.Model, nil
}

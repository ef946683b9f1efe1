/* Stands where a shell stands: starts a program in its console, asks it to end if told to, and writes down whether the console is
   as it was before.
   host REPORT ASK EVENT OUT PROGRAM ARGUMENT...
     REPORT  the file to write to when the program has ended
     ASK     when there is such a file, the event happens, once
     EVENT   what happens: c for Ctrl-C, size for a window of 60 columns and 18 rows, or none
     OUT     the file that the program's stdout goes to, or - for the console */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

struct state { DWORD in, out; BOOL cursor; WORD colours; wchar_t text[20]; };

static BOOL WINAPI stay(DWORD event) { (void)event; return TRUE; }

static struct state look(void) {
    struct state s;
    CONSOLE_CURSOR_INFO cursor;
    CONSOLE_SCREEN_BUFFER_INFO info;
    COORD origin = {0, 0};
    DWORD read;
    HANDLE in = CreateFileA("CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE out = CreateFileA("CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    memset(&s, 0, sizeof s);
    GetConsoleMode(in, &s.in);
    GetConsoleMode(out, &s.out);
    GetConsoleCursorInfo(out, &cursor);
    s.cursor = cursor.bVisible;
    GetConsoleScreenBufferInfo(out, &info);
    s.colours = info.wAttributes;
    ReadConsoleOutputCharacterW(out, s.text, 19, origin, &read);
    CloseHandle(in);
    CloseHandle(out);
    return s;
}

/* As somebody does who pulls at the window's corner. */
static void shrink(void) {
    SMALL_RECT window = {0, 0, 59, 17};
    COORD size = {60, 18};
    HANDLE out = CreateFileA("CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    SetConsoleWindowInfo(out, TRUE, &window);
    SetConsoleScreenBufferSize(out, size);
    CloseHandle(out);
}

static void note(FILE *report, const char *when, struct state s) {
    fprintf(report, "%s in=%lx out=%lx cursor=%d colours=%x text=%ls\n", when, s.in, s.out, s.cursor, s.colours, s.text);
}

int main(int argc, char **argv) {
    char line[16384] = "";
    STARTUPINFOA start;
    PROCESS_INFORMATION child;
    struct state before, after;
    DWORD code = 99;
    FILE *report;
    int i;
    if (argc < 6) return 90;
    printf("before the program\n");
    fflush(stdout);
    before = look();
    for (i = 5; i < argc; i++) {
        strcat(line, i > 5 ? " \"" : "\"");
        strcat(line, argv[i]);
        strcat(line, "\"");
    }
    memset(&start, 0, sizeof start);
    start.cb = sizeof start;
    if (strcmp(argv[4], "-") != 0) {
        SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
        start.dwFlags = STARTF_USESTDHANDLES;
        start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
        start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
        start.hStdOutput = CreateFileA(argv[4], GENERIC_WRITE, FILE_SHARE_READ, &inherit, CREATE_ALWAYS, 0, NULL);
    }
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) return 91;
    SetConsoleCtrlHandler(stay, TRUE);
    while (WaitForSingleObject(child.hProcess, 50) == WAIT_TIMEOUT) {
        if (GetFileAttributesA(argv[2]) == INVALID_FILE_ATTRIBUTES) continue;
        if (strcmp(argv[3], "c") == 0) GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
        if (strcmp(argv[3], "size") == 0) shrink();
        WaitForSingleObject(child.hProcess, INFINITE);
    }
    GetExitCodeProcess(child.hProcess, &code);
    after = look();
    report = fopen(argv[1], "w");
    if (!report) return 92;
    fprintf(report, "code=%lu\n", code);
    note(report, "before", before);
    note(report, "after", after);
    fclose(report);
    printf("after the program\n");
    return (int)code;
}

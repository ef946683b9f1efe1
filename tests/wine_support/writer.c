/* Writes logs as HTTP.sys and IIS do: opened so that others may read, written through a buffer whose flushes cut lines anywhere,
   another file when it rolls over. It does what stdin says and answers each with a line.
     open NAME | append LENGTH, then so many bytes | flush | close | rename OLD NEW | delete NAME */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define BUFFER 4096

static HANDLE file = INVALID_HANDLE_VALUE;
static char buffer[BUFFER];
static DWORD held;

static int flush(void) {
    DWORD written = 0;
    int fine = held == 0 || (WriteFile(file, buffer, held, &written, NULL) && written == held);
    held = 0;
    return fine;
}

static int append(long length) {
    int fine = 1, byte;
    while (length-- > 0 && (byte = getchar()) != EOF) {
        buffer[held++] = (char)byte;
        if (held == BUFFER) fine = flush() && fine;
    }
    return fine;
}

int main(void) {
    char order[32], name[1024], other[1024];
    long length;
    _setmode(_fileno(stdin), _O_BINARY);
    while (scanf("%31s", order) == 1) {
        int fine = 0;
        if (strcmp(order, "open") == 0 && scanf("%1023s", name) == 1) {
            file = CreateFileA(name, FILE_APPEND_DATA, FILE_SHARE_READ, NULL, OPEN_ALWAYS, 0, NULL);
            fine = file != INVALID_HANDLE_VALUE;
        } else if (strcmp(order, "append") == 0 && scanf("%ld", &length) == 1) {
            getchar();
            fine = append(length);
        } else if (strcmp(order, "flush") == 0) {
            fine = flush();
        } else if (strcmp(order, "close") == 0) {
            fine = flush() && CloseHandle(file);
        } else if (strcmp(order, "rename") == 0 && scanf("%1023s %1023s", name, other) == 2) {
            fine = MoveFileA(name, other) != 0;
        } else if (strcmp(order, "delete") == 0 && scanf("%1023s", name) == 1) {
            fine = DeleteFileA(name) != 0;
        }
        printf("%s %s %lu\n", fine ? "done" : "failed", order, fine ? 0 : GetLastError());
        fflush(stdout);
    }
    return 0;
}
